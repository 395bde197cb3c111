import { describe, expect, it } from "vitest";
import { RoomId } from "../../../src/domain/ids.ts";
import { readRoomChanges } from "../../../src/matrix/session/room-changes.ts";
import { readSyncResponse } from "../../../src/matrix/session/sync-response.ts";

const roomId = RoomId.parse("!room");

function changesOf(timeline: readonly object[], limited = false, state: readonly object[] = []) {
  const response = readSyncResponse({
    next_batch: "s1",
    rooms: {
      join: {
        [roomId]: {
          state: { events: state },
          timeline: { events: timeline, limited, prev_batch: "p1" },
        },
      },
    },
  });
  const room = response?.rooms.join.get(roomId);
  if (room === undefined) throw new Error("the room is missing");
  return readRoomChanges(roomId, room);
}

function event(type: string, content: object, stateKey?: string) {
  return {
    event_id: `$${type}-${stateKey ?? ""}-${JSON.stringify(content).length}`,
    sender: "@a:x",
    type,
    content,
    origin_server_ts: 1,
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
  };
}

describe("readRoomChanges", () => {
  it("keeps the last membership of each person and names who departed", () => {
    const changes = changesOf([
      event("m.room.member", { membership: "join" }, "@b:x"),
      event("m.room.member", { membership: "leave" }, "@b:x"),
      event("m.room.member", { membership: "join" }, "@c:x"),
    ]);
    expect([...changes.memberships]).toEqual([
      ["@b:x", "leave"],
      ["@c:x", "join"],
    ]);
    expect(changes.departed).toEqual(["@b:x"]);
  });

  it("rotates for somebody who left and came back within one response", () => {
    const changes = changesOf([
      event("m.room.member", { membership: "leave" }, "@b:x"),
      event("m.room.member", { membership: "join" }, "@b:x"),
    ]);
    expect(changes.departed).toEqual(["@b:x"]);
  });

  it("rotates for somebody who may have left and come back within a gap", () => {
    const join = [event("m.room.member", { membership: "join" }, "@b:x")];
    expect(changesOf([], true, join).departed).toEqual(["@b:x"]);
    expect(changesOf([], false, join).departed).toEqual([]);
    expect(changesOf(join, true).departed).toEqual([]);
  });

  it("finds what was taken back, wherever the room version puts it", () => {
    const old = { ...event("m.room.redaction", {}), redacts: "$old" };
    const present = event("m.room.redaction", { redacts: "$new" });
    const nonsense = event("m.room.redaction", { redacts: "\u0000" });
    expect(changesOf([old, present, nonsense]).redacted).toEqual(["$old", "$new"]);
  });

  it("takes over only those periods of an encryption that the crypto can follow", () => {
    const settings = { algorithm: "m.megolm.v1.aes-sha2", rotation_period_msgs: 7 };
    const odd = { rotation_period_ms: 1.5, more: "\u0000" };
    const { encryption } = changesOf([event("m.room.encryption", { ...settings, ...odd }, "")]);
    expect(encryption).toEqual(settings);
  });

  it("does not take an encryption event of another algorithm for encryption", () => {
    expect(
      changesOf([event("m.room.encryption", { algorithm: "none" }, "")]).encryption,
    ).toBeUndefined();
    expect(
      changesOf([event("m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" }, "")]).encryption,
    ).toBeDefined();
  });

  it("tells where a gap begins, and only then", () => {
    expect(changesOf([], true).gapBefore).toBe("p1");
    expect(changesOf([], false).gapBefore).toBeUndefined();
  });

  it("ignores malformed members instead of stopping", () => {
    expect(changesOf([event("m.room.member", { membership: 7 }, "@b:x")]).memberships.size).toBe(0);
    expect(
      changesOf([event("m.room.member", { membership: "join" }, "nobody")]).memberships.size,
    ).toBe(0);
  });
});
