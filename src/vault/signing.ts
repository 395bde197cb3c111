import {
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

/** A public key and what it signed, both in base64url. */
export interface Signature {
  /** 32 bytes. */
  readonly publicKey: string;
  /** 64 bytes. */
  readonly signature: string;
}

/** ASN.1 before the 32 bytes of an Ed25519 key (RFC 8410, 7 and 4). */
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Signs for the deployment with Ed25519 (RFC 8032). The key follows from the master key (HKDF-SHA-256),
 * so that whoever only holds the database cannot sign, and everybody can check without a secret.
 */
export class Signer {
  readonly #key: KeyObject;
  readonly publicKey: string;

  constructor(masterKey: Buffer) {
    const seed = Buffer.from(hkdfSync("sha256", masterKey, "", "rogatory signature 1", 32));
    this.#key = createPrivateKey({
      key: Buffer.concat([privatePrefix, seed]),
      format: "der",
      type: "pkcs8",
    });
    this.publicKey = createPublicKey(this.#key)
      .export({ format: "der", type: "spki" })
      .subarray(publicPrefix.length)
      .toString("base64url");
  }

  /** @param purpose what kind of thing is signed, so that one kind never passes for another */
  sign(purpose: string, text: string): Signature {
    return {
      publicKey: this.publicKey,
      signature: sign(null, message(purpose, text), this.#key).toString("base64url"),
    };
  }
}

export function isSignedBy(
  { publicKey, signature }: Signature,
  purpose: string,
  text: string,
): boolean {
  try {
    const key = createPublicKey({
      key: Buffer.concat([publicPrefix, bytesOf(publicKey)]),
      format: "der",
      type: "spki",
    });
    return verify(null, message(purpose, text), key, bytesOf(signature));
  } catch {
    return false;
  }
}

/** Only the one spelling that we write: the last character of base64url may hold unused bits. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new TypeError("not base64url");
  return bytes;
}

function message(purpose: string, text: string): Buffer {
  return Buffer.from(JSON.stringify([purpose, text]), "utf8");
}
