import { describe, expect, it } from "vitest";
import type { Audience } from "../../../src/dev/demo/audience.ts";
import { play } from "../../../src/dev/demo/player.ts";
import type { ScriptStep } from "../../../src/dev/demo/scenario.ts";
import { RoomMessage } from "../../../src/dev/people/message.ts";
import { Timeline } from "../../../src/dev/people/timeline.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";

const rooms = new Map(["plenary", "w1", "w2"].map((name) => [name, RoomId.parse(`!${name}`)]));

/** An audience whose bots answer later than its people speak; it writes down what happens. */
function audience(happened: string[]): Audience {
  const nothing = () => Promise.reject(new Error("not part of this test"));
  const message = (roomId: string, body: string) =>
    RoomMessage.parse({
      ...{
        eventId: `$${body.replaceAll(" ", "_")}`,
        roomId,
        sender: "@ada:example.org",
        sentAt: 0,
        kind: "text",
        body,
      },
      ...{ encrypted: true, relations: [] },
    });
  return {
    userId: (localpart) => UserId.parse(`@${localpart}:example.org`),
    gather: nothing,
    stop: nothing,
    crowd: {
      timeline: new Timeline(),
      async say(_who, roomId, text) {
        happened.push(`said ${text}`);
        await Promise.resolve();
        return message(roomId, text);
      },
      async replyTo(_who, eventId) {
        await new Promise((resolve) => setImmediate(resolve));
        happened.push(`answered ${eventId.slice(1)}`);
        return message("!plenary", `re ${eventId}`);
      },
      ...{ start: nothing, acceptInvitations: nothing, room: nothing, prepareToSpeak: nothing },
      ...{ reads: nothing, download: nothing, shield: nothing, readings: nothing, stop: nothing },
    },
  };
}

function line(room: string, say: string): ScriptStep {
  return { who: "ada", room, say };
}

describe("the player of a script", () => {
  it("goes on only when a command has been answered", async () => {
    const happened: string[] = [];
    const steps = [line("plenary", "!a"), line("plenary", "b"), line("plenary", "!c")];
    const played = await play(audience(happened), rooms, { steps, parallelRooms: new Set() });
    expect(happened).toEqual(["said !a", "answered !a", "said b", "said !c", "answered !c"]);
    expect(played.map(({ answer }) => answer?.body)).toEqual(["re $!a", undefined, "re $!c"]);
  });

  it("plays workshops side by side, each in its order, between what is said to all", async () => {
    const happened: string[] = [];
    const steps = [
      line("plenary", "open"),
      ...[line("w1", "!one"), line("w2", "two"), line("w1", "one more"), line("w2", "two more")],
      line("plenary", "close"),
    ];
    const parallelRooms = new Set(["w1", "w2"]);
    await play(audience(happened), rooms, { steps, parallelRooms });
    const at = (text: string) => happened.indexOf(text);
    expect(at("said open")).toBe(0);
    expect(at("said two more")).toBeLessThan(at("answered !one"));
    expect(at("answered !one")).toBeLessThan(at("said one more"));
    expect(at("said close")).toBe(happened.length - 1);
  });

  it("says which room a script names that nobody is in", async () => {
    const steps = [line("cellar", "hello")];
    await expect(play(audience([]), rooms, { steps, parallelRooms: new Set() })).rejects.toThrow(
      /cellar/,
    );
  });
});
