import { createDecipheriv, createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createFileKey, encryptFile } from "../../../src/matrix/media/encrypted-file.ts";

describe("encryptFile", () => {
  it("makes what the specification lets every client decrypt and check", () => {
    const plain = Buffer.from("the draft of an outcome report");
    const { ciphertext, file } = encryptFile(plain, createFileKey());
    const decipher = createDecipheriv(
      "aes-256-ctr",
      Buffer.from(file.key.k, "base64url"),
      Buffer.from(file.iv, "base64"),
    );
    expect(Buffer.concat([decipher.update(ciphertext), decipher.final()])).toEqual(plain);
    const hash = createHash("sha256").update(ciphertext).digest("base64").replace(/=+$/, "");
    expect(file.hashes.sha256).toBe(hash);
    expect(file).toMatchObject({ v: "v2", key: { alg: "A256CTR", kty: "oct", ext: true } });
  });

  it("gives the same bytes for the same key, so that an upload can be repeated", () => {
    const key = createFileKey();
    const first = encryptFile(Buffer.from("same"), key);
    expect(encryptFile(Buffer.from("same"), key)).toEqual(first);
  });

  it("leaves the low half of the counter at zero", () => {
    expect(Buffer.from(createFileKey().iv, "base64").subarray(8)).toEqual(Buffer.alloc(8));
  });
});
