import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMegolmMessage } from "../../../src/matrix/crypto/ciphertext.ts";

function contentWithIndex(index: number) {
  const bytes = [3, 0x08];
  let rest = index;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest, 0x12, 1, 0);
  return {
    algorithm: "m.megolm.v1.aes-sha2",
    session_id: "session",
    ciphertext: Buffer.from(bytes).toString("base64").replace(/=+$/, ""),
  };
}

describe("readMegolmMessage", () => {
  it("reads any message index without the key", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (index) => {
        expect(readMegolmMessage(contentWithIndex(index))).toEqual({ sessionId: "session", index });
      }),
    );
  });

  it("knows no index that has more than 32 bits, and no session id that is no base64", () => {
    expect(readMegolmMessage(contentWithIndex(2 ** 32))).toBeUndefined();
    expect(readMegolmMessage(contentWithIndex(2 ** 35 - 1))).toBeUndefined();
    for (const odd of ["\u0000", "", "a b", "a".repeat(65)]) {
      expect(readMegolmMessage({ ...contentWithIndex(1), session_id: odd })).toBeUndefined();
    }
  });

  it("finds nothing in what is no megolm message, and never throws", () => {
    fc.assert(
      fc.property(fc.anything(), (content) => {
        expect(readMegolmMessage(content)).toBeUndefined();
      }),
    );
    expect(readMegolmMessage({ ...contentWithIndex(1), ciphertext: "AA" })).toBeUndefined();
  });
});
