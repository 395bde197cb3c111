import { describe, expect, it } from "vitest";
import { typedText } from "../../src/delivery/router.ts";
import type { Decrypted } from "../../src/matrix/crypto/crypto.ts";

type Message = Extract<Decrypted, { kind: "message" }>;

function message(content: Record<string, unknown>, trust: Message["trust"]): Message {
  return { kind: "message", type: "m.room.message", content, trust };
}

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
