import { describe, expect, it } from "vitest";
import { RoomMessage } from "../../../src/dev/people/message.ts";
import { Timeline } from "../../../src/dev/people/timeline.ts";

function message(eventId: string, body = "good morning"): RoomMessage {
  return RoomMessage.parse({
    ...{ eventId, roomId: "!room", sender: "@ada:example.org", sentAt: 0, kind: "text", body },
    ...{ encrypted: true, relations: [] },
  });
}

describe("what a person has read", () => {
  it("finds a message that came before anybody waited for it", async () => {
    const timeline = new Timeline();
    timeline.add(message("$1"));
    expect((await timeline.first(({ eventId }) => eventId === "$1", "it", 10)).body).toBe(
      "good morning",
    );
  });

  it("finds one that comes later, once, whoever waits", async () => {
    const timeline = new Timeline();
    const waits = [1, 2].map(() => timeline.first(({ body }) => body === "yes", "a yes", 1000));
    timeline.add(message("$1", "no"));
    timeline.add(message("$2", "yes"));
    timeline.add(message("$3", "yes"));
    expect((await Promise.all(waits)).map(({ eventId }) => eventId)).toEqual(["$2", "$2"]);
  });

  it("keeps an event once, however often the homeserver sends it", () => {
    const timeline = new Timeline();
    timeline.add(message("$1"));
    timeline.add(message("$1"));
    expect(timeline.messages).toHaveLength(1);
  });

  it("no longer counts as undecryptable what a late key made readable", () => {
    const timeline = new Timeline();
    timeline.addUndecryptable({ eventId: "$1", roomId: "!room", sender: "@b:c", reason: "LATE" });
    expect(timeline.undecryptable).toHaveLength(1);
    timeline.add(message("$1"));
    expect(timeline.undecryptable).toEqual([]);
  });
});
