import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
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

/** The `file` of an event with an encrypted attachment, as far as it is needed to read it. */
export const ReceivedFile = z.object({
  v: z.literal("v2"),
  url: z.string().regex(/^mxc:\/\/[^/]+\/[^/]+$/),
  key: z.object({ alg: z.literal("A256CTR"), k: z.string().min(1) }),
  iv: z.string().min(1),
  hashes: z.object({ sha256: z.string().min(1) }),
});
export type ReceivedFile = z.infer<typeof ReceivedFile>;

/** @returns undefined if the bytes are not those whose hash was sent */
export function decryptFile(ciphertext: Uint8Array, file: ReceivedFile): Buffer | undefined {
  const hash = createHash("sha256").update(ciphertext).digest();
  if (!hash.equals(Buffer.from(file.hashes.sha256, "base64"))) return undefined;
  const key = Buffer.from(file.key.k, "base64url");
  const iv = Buffer.from(file.iv, "base64");
  if (key.length !== 32 || iv.length !== 16) return undefined;
  const decipher = createDecipheriv("aes-256-ctr", key, iv);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}
