import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RoomId } from "../../../src/domain/ids.ts";
import { readMegolmMessage } from "../../../src/matrix/crypto/ciphertext.ts";
import { readRoomChanges } from "../../../src/matrix/session/room-changes.ts";
import {
  readMessagesPage,
  readStateEvents,
  readSyncResponse,
} from "../../../src/matrix/session/sync-response.ts";
import { readWithheldKeys } from "../../../src/matrix/session/withheld-keys.ts";

const roomId = RoomId.parse("!room");
const good = {
  event_id: "$good",
  sender: "@a:x",
  type: "m.room.encrypted",
  content: { ciphertext: "AwgA" },
  origin_server_ts: 1,
};
const message = { sender: "@a:x", type: "m.dummy", content: {} };

/** JSON with the texts that make trouble, and numbers of every size. */
const odd = fc.jsonValue({ stringUnit: "binary", maxDepth: 3 });
const oddText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\u0000", "\ud800", "@:x", "@a b:x", "@a:x_y", "!\u0000", "$ ", "a".repeat(300)),
);
const oddNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-1, 0.5, 2 ** 53 - 1, 1e300),
);
/** A good event of which one thing is not as it should be. */
const oddEvent = fc.oneof(
  odd,
  fc
    .tuple(fc.constantFrom("event_id", "sender", "type", "state_key"), fc.oneof(oddText, odd))
    .map(([key, value]) => ({ ...good, event_id: "$odd", [key]: value })),
  oddNumber.map((at) => ({ ...good, event_id: "$odd", origin_server_ts: at })),
  odd.map((content) => ({ ...good, event_id: "$odd", content })),
);

/** A response all of whose parts may be anything. */
const oddResponse = fc.record(
  {
    next_batch: fc.oneof(fc.constant("s1"), odd),
    rooms: fc.oneof(
      odd,
      fc.dictionary(
        fc.constantFrom("join", "invite", "leave"),
        fc.oneof(
          odd,
          fc.dictionary(
            fc.oneof(fc.constant(roomId), oddText),
            fc.oneof(
              odd,
              fc.record(
                {
                  timeline: fc.oneof(
                    odd,
                    fc.record({ events: fc.array(oddEvent), limited: odd, prev_batch: odd }),
                  ),
                  state: fc.oneof(odd, fc.record({ events: fc.array(oddEvent) })),
                  invite_state: fc.oneof(odd, fc.record({ events: fc.array(oddEvent) })),
                },
                { requiredKeys: [] },
              ),
            ),
          ),
        ),
      ),
    ),
    to_device: fc.oneof(odd, fc.record({ events: fc.array(oddEvent) })),
    device_lists: fc.oneof(odd, fc.record({ changed: fc.array(oddText), left: odd })),
    device_one_time_keys_count: odd,
    device_unused_fallback_key_types: odd,
  },
  { requiredKeys: [] },
);

describe("a response to a sync", () => {
  it("can be anything, and what comes of it can be kept", () => {
    fc.assert(
      fc.property(fc.oneof(odd, oddResponse), (json) => {
        const response = readSyncResponse(json);
        if (response === undefined) return;
        for (const [id, room] of [...response.rooms.join, ...response.rooms.leave]) {
          const changes = readRoomChanges(id, room);
          const texts = [
            id,
            ...changes.memberships.keys(),
            ...changes.redacted,
            ...changes.state.flatMap(({ type, stateKey, eventId, sender }) => [
              ...[type, stateKey, eventId, sender],
            ]),
            ...[...room.timeline.events, ...room.state.events].flatMap((event) => [
              ...[event.event_id, event.sender, event.type, event.state_key ?? ""],
            ]),
          ];
          for (const text of texts) {
            expect(text).not.toContain("\u0000");
            expect(text.isWellFormed()).toBe(true);
          }
          for (const event of room.timeline.events) {
            expect(() =>
              Temporal.Instant.fromEpochMilliseconds(event.origin_server_ts),
            ).not.toThrow();
            readMegolmMessage(event.content);
          }
        }
        readWithheldKeys(response.to_device.events);
      }),
      { numRuns: 200 },
    );
  });

  it("loses nothing that is well-formed to what stands beside it", () => {
    fc.assert(
      fc.property(fc.array(oddEvent), fc.array(oddEvent), odd, (before, after, other) => {
        const response = readSyncResponse({
          next_batch: "s1",
          rooms: {
            join: {
              [roomId]: { timeline: { events: [...before, good, ...after] }, state: other },
              "not a room": {},
            },
            invite: other,
          },
          to_device: { events: [other, message] },
          device_lists: { changed: ["@evil", "@a:x"], left: other },
        });
        expect(response?.rooms.join.get(roomId)?.timeline.events).toContainEqual(good);
        expect(response?.to_device.events).toContainEqual(message);
        expect(response?.device_lists.changed).toEqual(["@a:x"]);
        expect(response?.malformed).toBeGreaterThanOrEqual(2);
      }),
    );
  });

  it("is none without a place in the stream", () => {
    for (const json of [{}, null, "x", { next_batch: "\u0000" }, { next_batch: 1 }]) {
      expect(readSyncResponse(json)).toBeUndefined();
    }
  });

  it("keeps other invitations when one comes from a name that is none", () => {
    const invitation = (sender: string) => ({
      invite_state: {
        events: [{ type: "m.room.member", sender, state_key: "@bot:x", content: {} }],
      },
    });
    const invite = { "!evil": invitation("@:evil.org"), "!good": invitation("@a:x") };
    const response = readSyncResponse({ next_batch: "s1", rooms: { invite } });
    expect(response?.rooms.invite.get(RoomId.parse("!evil"))).toEqual([]);
    expect(response?.rooms.invite.get(RoomId.parse("!good"))).toHaveLength(1);
    expect(response?.malformed).toBe(1);
  });
});

describe("a page of messages, and a room's state", () => {
  it("can be anything, and keep what is well-formed", () => {
    fc.assert(
      fc.property(odd, fc.array(oddEvent), (json, events) => {
        readMessagesPage(json);
        expect(readMessagesPage({ chunk: [...events, good], end: "t1" })?.events).toContainEqual(
          good,
        );
        readStateEvents(json);
        expect(readStateEvents([...events, good])).toContainEqual(good);
      }),
    );
  });
});

describe("room keys that are said to be withheld", () => {
  it("are not believed where they could not be written down", () => {
    const withheld = (content: object) => ({
      type: "m.room_key.withheld",
      sender: "@a:x",
      content: { code: "m.unverified", room_id: "!room", session_id: "abc", ...content },
    });
    const odds = [{ code: "\u0000" }, { code: "a".repeat(65) }, { code: "é" }, { code: "" }];
    const others = [{ room_id: "!\u0000" }, { session_id: "\u0000" }, { session_id: "a b" }];
    expect(readWithheldKeys([...odds, ...others].map(withheld))).toEqual([]);
    expect(readWithheldKeys([withheld({})])).toHaveLength(1);
  });
});
