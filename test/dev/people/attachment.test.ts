import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decryptAttachment } from "../../../src/dev/people/attachment.ts";

function encrypt(clear: string) {
  const key = randomBytes(32);
  const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)]);
  const cipher = createCipheriv("aes-256-ctr", key, iv);
  const ciphertext = Buffer.concat([cipher.update(clear), cipher.final()]);
  const unpadded = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return {
    ciphertext: new Uint8Array(ciphertext),
    file: {
      key: { alg: "A256CTR" as const, k: key.toString("base64url") },
      iv: unpadded(iv),
      hashes: { sha256: unpadded(createHash("sha256").update(ciphertext).digest()) },
    },
  };
}

describe("an encrypted attachment", () => {
  it("is read with the key that came in the message", async () => {
    const clear = "the outcome of the meeting ".repeat(50);
    const { ciphertext, file } = encrypt(clear);
    expect(Buffer.from(await decryptAttachment(ciphertext, file)).toString()).toBe(clear);
  });

  it("is refused when a single bit has changed", async () => {
    const { ciphertext, file } = encrypt("the outcome of the meeting");
    ciphertext[3] = (ciphertext[3] ?? 0) ^ 1;
    await expect(decryptAttachment(ciphertext, file)).rejects.toThrow(/hash differs/);
  });
});
