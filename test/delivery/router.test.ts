import { describe, expect, it } from "vitest";
import { isFromBackup, refuseDoubtful, typedText } from "../../src/delivery/router.ts";
import type { Decrypted } from "../../src/matrix/crypto/crypto.ts";

type Message = Extract<Decrypted, { kind: "message" }>;

function message(content: Record<string, unknown>, trust: Message["trust"]): Message {
  return { kind: "message", type: "m.room.message", content, trust };
}

describe("who has said a command", () => {
  it("is certain if the device is signed, and nothing is refused", () => {
    expect(() => refuseDoubtful({ trusted: true, fromBackup: false })).not.toThrow();
    // A deployment that does not require signed devices trusts what the backup gave, too.
    expect(() => refuseDoubtful({ trusted: true, fromBackup: true })).not.toThrow();
  });

  it("is not certain if the key came out of the backup, and the sender is asked to say it again", () => {
    const reason = "AUTHENTICITY_NOT_GUARANTEED";
    expect(isFromBackup({ kind: "doubtful", reason })).toBe(true);
    expect(isFromBackup({ kind: "doubtful", reason: "UNSIGNED_DEVICE" })).toBe(false);
    expect(() => refuseDoubtful({ trusted: false, fromBackup: true })).toThrow(
      expect.objectContaining({
        code: "command.from-backup",
        message: expect.stringContaining("send it again"),
      }),
    );
  });

  it("is not certain if the device is unsigned, and the sender is told how to sign it", () => {
    expect(() => refuseDoubtful({ trusted: false, fromBackup: false })).toThrow(
      expect.objectContaining({ code: "command.unsigned-device" }),
    );
  });
});

describe("what somebody typed", () => {
  const signed = { kind: "signed" } as const;

  it("is the text without the quotation that older clients put before a reply", () => {
    const body = "> <@a:x> !action add first\n> more\n\n!action list";
    expect(typedText(message({ msgtype: "m.text", body }, signed))).toBe("!action list");
  });

  it("is nothing if it is an edit, a notice or something else", () => {
    const edited = { "m.relates_to": { rel_type: "m.replace", event_id: "$1" } };
    const body = "!action list";
    expect(typedText(message({ msgtype: "m.text", body, ...edited }, signed))).toBeUndefined();
    expect(typedText(message({ msgtype: "m.notice", body }, signed))).toBeUndefined();
    expect(typedText({ ...message({ body }, signed), type: "m.sticker" })).toBeUndefined();
  });
});
