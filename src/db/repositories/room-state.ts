import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { keptContent, type StateFact } from "../../domain/guard/room-state.ts";
import type { RoomId } from "../../domain/ids.ts";
import type { Database } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

const Content = z.record(z.string(), z.unknown());

/** Notes what a room's state has become; nothing is written where there is nothing to note. */
export async function saveRoomState(
  db: Transaction<Database>,
  roomId: RoomId,
  facts: readonly StateFact[],
): Promise<void> {
  if (facts.length === 0) return;
  await db
    .insertInto("room_state")
    .values(
      facts.map(({ type, stateKey, content, sender, eventId }) => ({
        ...{ room_id: roomId, type, state_key: stateKey },
        content: JSON.stringify(keptContent(type, content)),
        ...{ sender, event_id: eventId },
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["room_id", "type", "state_key"]).doUpdateSet((row) => ({
        content: row.ref("excluded.content"),
        sender: row.ref("excluded.sender"),
        event_id: row.ref("excluded.event_id"),
      })),
    )
    .execute();
}

/** Replaces all that is known of a room's state, and keeps nothing that the homeserver no longer has. */
export async function replaceRoomState(
  db: Transaction<Database>,
  roomId: RoomId,
  facts: readonly StateFact[],
): Promise<void> {
  await db.deleteFrom("room_state").where("room_id", "=", roomId).execute();
  await saveRoomState(db, roomId, facts);
}

/** What is known of some rooms, by room; a room of which nothing is known is left out. */
export async function readRoomStates(
  db: Reader,
  rooms: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, readonly StateFact[]>> {
  if (rooms.length === 0) return new Map();
  const rows = await db
    .selectFrom("room_state")
    .selectAll()
    .where("room_id", "in", rooms)
    .orderBy("type")
    .orderBy("state_key")
    .execute();
  const byRoom = Map.groupBy(rows, (row) => row.room_id);
  return new Map(
    [...byRoom].map(([roomId, found]) => [
      roomId,
      found.map((row) => ({
        type: row.type,
        stateKey: row.state_key,
        content: Content.parse(JSON.parse(row.content)),
        sender: row.sender,
        eventId: row.event_id,
      })),
    ]),
  );
}
