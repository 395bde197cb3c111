import { MatrixEvent } from "matrix-js-sdk";
import { describe, expect, it } from "vitest";
import { requireCiphertext } from "../../../src/matrix/crypto/send-gate.ts";

const relation = { rel_type: "m.replace", event_id: "$x" };
const payloads = [
  { msgtype: "m.text", body: "hello" },
  { msgtype: "m.notice", body: "hello" },
  { msgtype: "m.text", body: "* hello", "m.new_content": {}, "m.relates_to": relation },
  { msgtype: "m.file", body: "report.docx", file: { url: "mxc://x/y" } },
];

describe("what goes to an encrypted room", () => {
  it.each(payloads)("is refused if it was not encrypted: $msgtype", (content) => {
    const refused = expect.objectContaining({ code: "send.plaintext" });
    for (const type of ["m.room.message", "m.room.encrypted"]) {
      expect(() => requireCiphertext(new MatrixEvent({ type, content }))).toThrow(refused);
    }
    // Encrypted in name, or of another type, is not enough.
    const half = { ...content, algorithm: "m.megolm.v1.aes-sha2" };
    expect(() =>
      requireCiphertext(new MatrixEvent({ type: "m.room.encrypted", content: half })),
    ).toThrow(refused);
    const whole = { algorithm: "m.megolm.v1.aes-sha2", ciphertext: "AwgA" };
    expect(() =>
      requireCiphertext(new MatrixEvent({ type: "m.room.message", content: whole })),
    ).toThrow(refused);
  });

  it("is the ciphertext, once it was encrypted, and not what stood there before", () => {
    const event = new MatrixEvent({ type: "m.room.message", content: payloads[0] ?? {} });
    const wire = { algorithm: "m.megolm.v1.aes-sha2", ciphertext: "AwgA", session_id: "s" };
    event.makeEncrypted("m.room.encrypted", wire, "curve", "ed");
    expect(requireCiphertext(event)).toEqual(wire);
  });
});
