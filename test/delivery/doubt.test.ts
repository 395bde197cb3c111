import { describe, expect, it } from "vitest";
import { doubtOf, isForged, refuseDoubtful } from "../../src/delivery/doubt.ts";

const doubtful = (reason: string) => ({ kind: "doubtful", reason }) as const;

/** All that matrix-js-sdk may say against a message (`EventShieldReason`). */
const reasons = [
  ...["UNKNOWN", "UNVERIFIED_IDENTITY", "UNSIGNED_DEVICE", "UNKNOWN_DEVICE"],
  ...["AUTHENTICITY_NOT_GUARANTEED", "MISMATCHED_SENDER_KEY", "SENT_IN_CLEAR"],
  ...["VERIFICATION_VIOLATION", "MISMATCHED_SENDER"],
];

describe("who has said a command", () => {
  it("is certain if the device is signed, and nothing is refused", () => {
    expect(doubtOf({ kind: "signed" }, true)).toBeUndefined();
    expect(() => refuseDoubtful({ doubt: undefined })).not.toThrow();
  });

  it("is certain from an unsigned device where signed ones are not required, and from no other doubtful one", () => {
    const accepted = reasons.filter((reason) => doubtOf(doubtful(reason), false) === undefined);
    expect(accepted).toEqual(["UNSIGNED_DEVICE"]);
    expect(reasons.filter((reason) => doubtOf(doubtful(reason), true) === undefined)).toEqual([]);
  });

  it.each([
    ["UNSIGNED_DEVICE", "command.unsigned-device", "Verify it in your client's settings"],
    ["UNKNOWN_DEVICE", "command.unsigned-device", "Verify it in your client's settings"],
    ["AUTHENTICITY_NOT_GUARANTEED", "command.from-backup", "send it again"],
    ["VERIFICATION_VIOLATION", "command.changed-identity", "Ask the operators"],
    ["MISMATCHED_SENDER", "command.uncertain-sender", "not certain that it comes from you"],
  ])("is not certain for %s, and the sender is told what to do", (reason, code, sentence) => {
    const doubt = doubtOf(doubtful(reason), true);
    expect(() => refuseDoubtful({ doubt })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(sentence) }),
    );
  });

  it("is somebody else where the message bears another name than the device's owner", () => {
    expect(reasons.filter((reason) => isForged(doubtful(reason)))).toEqual(["MISMATCHED_SENDER"]);
    expect(isForged({ kind: "signed" })).toBe(false);
  });
});
