import { describe, expect, it } from "vitest";
import { RoomId } from "../../../src/domain/ids.ts";
import { readRoomChanges } from "../../../src/matrix/session/room-changes.ts";
import { SyncResponse } from "../../../src/matrix/session/sync-response.ts";

const roomId = RoomId.parse("!room");

function changesOf(timeline: readonly object[], limited = false) {
  const response = SyncResponse.parse({
    next_batch: "s1",
    rooms: { join: { [roomId]: { timeline: { events: timeline, limited, prev_batch: "p1" } } } },
  });
  const room = response.rooms.join[roomId];
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
