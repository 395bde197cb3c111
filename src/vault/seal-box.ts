import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";
import type { Place, Sealed } from "./sealed.ts";

const algorithm = "aes-256-gcm";
const version = "v1";
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals and opens values with one 256-bit key. Every value gets a fresh 96-bit nonce (NIST SP
 * 800-38D, 8.2.2) and is bound to its place by additional authenticated data.
 */
export class SealBox {
  readonly #key: Buffer;
  readonly #scope: string;

  /** @param scope who owns the key ("system", or a case id); part of the additional data. */
  constructor(key: Buffer, scope: string) {
    if (key.length !== 32) throw new RogatoryError("vault.key-length", "A key must have 32 bytes.");
    this.#key = key;
    this.#scope = scope;
  }

  seal<T>(place: Place, value: T): Sealed<T> {
    return this.#encrypt(place, Buffer.from(JSON.stringify(value), "utf8")) as Sealed<T>;
  }

  /** @throws RogatoryError `vault.unreadable` if key, place or bytes are not those of the sealing. */
  open<T>(place: Place, sealed: Sealed<T>, schema: z.ZodType<T>): T {
    return schema.parse(JSON.parse(this.#decrypt(place, sealed).toString("utf8")));
  }

  sealBytes(place: Place, bytes: Uint8Array): Sealed<Uint8Array> {
    return this.#encrypt(place, bytes) as Sealed<Uint8Array>;
  }

  openBytes(place: Place, sealed: Sealed<Uint8Array>): Buffer {
    return this.#decrypt(place, sealed);
  }

  #encrypt(place: Place, plain: Uint8Array): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key, nonce);
    cipher.setAAD(this.#additionalData(place));
    const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return `${version}.${body.toString("base64url")}`;
  }

  #decrypt(place: Place, sealed: string): Buffer {
    try {
      const [tag, body] = sealed.split(".");
      if (tag !== version || body === undefined)
        throw new Error("unknown version of a sealed value");
      const bytes = Buffer.from(body, "base64url");
      const decipher = createDecipheriv(algorithm, this.#key, bytes.subarray(0, nonceBytes));
      decipher.setAAD(this.#additionalData(place));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      return Buffer.concat([
        decipher.update(bytes.subarray(nonceBytes, -tagBytes)),
        decipher.final(),
      ]);
    } catch (cause) {
      throw new RogatoryError(
        "vault.unreadable",
        `A sealed value in ${place.table}.${place.column} does not open: check that the master key belongs to this database.`,
        { cause },
      );
    }
  }

  #additionalData(place: Place): Buffer {
    return Buffer.from(
      JSON.stringify([version, this.#scope, place.table, place.column, place.row]),
    );
  }
}
