import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { z } from "zod";

/** Key and start of the counter of one encrypted file: made once, so that a repeated upload is the same. */
export const FileKey = z.strictObject({ key: z.base64(), iv: z.base64() });
export type FileKey = z.infer<typeof FileKey>;

/** Random 256-bit key; the counter block is 64 random bits and 64 zero bits, as the specification asks. */
export function createFileKey(): FileKey {
  const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)]);
  return { key: randomBytes(32).toString("base64"), iv: iv.toString("base64") };
}

/**
 * Encrypts a file for upload (client-server API, "Sending encrypted attachments").
 *
 * @returns the ciphertext, and the `file` object of the event without its `url`
 */
export function encryptFile(plain: Uint8Array, { key, iv }: FileKey) {
  const cipher = createCipheriv(
    "aes-256-ctr",
    Buffer.from(key, "base64"),
    Buffer.from(iv, "base64"),
  );
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    ciphertext,
    file: {
      v: "v2",
      key: {
        kty: "oct",
        key_ops: ["encrypt", "decrypt"],
        alg: "A256CTR",
        k: Buffer.from(key, "base64").toString("base64url"),
        ext: true,
      },
      iv: unpadded(Buffer.from(iv, "base64")),
      hashes: { sha256: unpadded(createHash("sha256").update(ciphertext).digest()) },
    },
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
