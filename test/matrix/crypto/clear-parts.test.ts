import fc from "fast-check";
import { MatrixEvent } from "matrix-js-sdk";
import { describe, expect, it } from "vitest";
import { typedText } from "../../../src/delivery/router.ts";
import { clearParts } from "../../../src/matrix/crypto/clear-parts.ts";
import { isVerificationEvent } from "../../../src/matrix/crypto/verification-events.ts";

/** The event as matrix-js-sdk gives it after decryption. */
function decrypted(clear: object) {
  const event = new MatrixEvent({ type: "m.room.encrypted", content: {} });
  Object.defineProperty(event, "clearEvent", { value: clear });
  return event;
}

describe("what was decrypted", () => {
  it("is type and content of an event", () => {
    const content = { msgtype: "m.text", body: "!help" };
    expect(clearParts(decrypted({ type: "m.room.message", content }))).toEqual({
      type: "m.room.message",
      content,
    });
  });

  it.each([
    { type: "m.room.message", content: "x" },
    { type: 7, content: { msgtype: "m.text", body: "!help" } },
    { type: "m.room.message", content: ["!help"] },
    { content: {} },
  ])("is no command and no verification if it is no event: %j", (clear) => {
    const parts = clearParts(decrypted(clear));
    expect(isVerificationEvent(parts)).toBe(false);
    expect(typedText({ kind: "message", ...parts, trust: { kind: "signed" } })).toBeUndefined();
  });

  it("never fails, whatever somebody has encrypted", () => {
    fc.assert(
      fc.property(fc.record({ type: fc.jsonValue(), content: fc.jsonValue() }), (clear) => {
        const parts = clearParts(decrypted(clear));
        isVerificationEvent(parts);
        typedText({ kind: "message", ...parts, trust: { kind: "signed" } });
      }),
    );
  });
});
