import type { Kysely, Transaction } from "kysely";
import type { RoomId, UserId } from "../../domain/ids.ts";
import type { Database } from "../schema.ts";

/** Notes that the crypto has still to be told what a room has become; it may die before that. */
export async function noteUntold(
  db: Transaction<Database>,
  account: UserId,
  roomId: RoomId,
  rotate: boolean,
): Promise<void> {
  await db
    .insertInto("untold_room")
    .values({ account, room_id: roomId, rotate })
    .onConflict((conflict) =>
      // That somebody may have left stays true until it is told.
      conflict
        .columns(["account", "room_id"])
        .doUpdateSet(rotate ? { rotate } : { room_id: roomId }),
    )
    .execute();
}

export async function noteTold(
  db: Transaction<Database>,
  account: UserId,
  rooms: readonly RoomId[],
): Promise<void> {
  if (rooms.length === 0) return;
  await db
    .deleteFrom("untold_room")
    .where("account", "=", account)
    .where("room_id", "in", rooms)
    .execute();
}

/** Rooms of which the crypto was not told, and whether their keys must be renewed. */
export async function listUntold(
  db: Kysely<Database>,
  account: UserId,
): Promise<readonly { readonly roomId: RoomId; readonly rotate: boolean }[]> {
  return db
    .selectFrom("untold_room")
    .select(["room_id as roomId", "rotate"])
    .where("account", "=", account)
    .orderBy("room_id")
    .execute();
}
