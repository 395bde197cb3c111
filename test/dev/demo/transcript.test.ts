import { describe, expect, it } from "vitest";
import { writeTranscript } from "../../../src/dev/demo/transcript.ts";
import { RoomMessage } from "../../../src/dev/people/message.ts";
import { RoomId } from "../../../src/domain/ids.ts";

function said(minute: number, body: string, room = "!plenary") {
  return RoomMessage.parse({
    ...{ eventId: `$${room}${minute}`, roomId: room, sender: "@be:example.org", body },
    sentAt: Date.UTC(2026, 11, 1, 8, minute),
    ...{ kind: "text", encrypted: true, relations: [] },
  });
}

describe("a transcript", () => {
  const text = writeTranscript({
    title: "NIGHTJAR",
    preface: "What was said.",
    rooms: new Map([
      [RoomId.parse("!plenary"), "FG-1 · plenary"],
      [RoomId.parse("!silent"), "FG-1 · s9"],
    ]),
    messages: [
      said(5, "second\n\n*line* <b>\nlast"),
      said(1, "# first"),
      said(2, "lost", "!elsewhere"),
    ],
    nameOf: () => "Federal magistrate (BE)",
    timeZone: "Europe/Brussels",
    shift: Temporal.Duration.from({ hours: 1 }),
  });

  it("has each room's messages in order, with the times of the scenario", () => {
    expect(text.match(/\d\d:\d\d/g)).toEqual(["10:01", "10:05"]);
    expect(text).toContain("## FG-1 · plenary");
  });

  it("leaves out rooms in which nobody spoke", () => {
    expect(text).not.toContain("s9");
    expect(text).not.toContain("lost");
  });

  it("shows what people typed as they typed it, without becoming markup", () => {
    expect(text).toContain("> \\# first");
    expect(text).toContain("> second\n>\n> \\*line\\* \\<b>\\\n> last");
  });
});
