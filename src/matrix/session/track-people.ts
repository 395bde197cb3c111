import type { Kysely } from "kysely";
import { findRoom, listMembers } from "../../db/repositories/rooms.ts";
import type { Database } from "../../db/schema.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import type { AccountCrypto } from "../crypto/crypto.ts";
import { openRoomView } from "../crypto/room-view.ts";

/**
 * Tells a new crypto store of the people in the account's rooms, and asks for their devices. It knows
 * nobody at first: without this the first message of everybody would be refused.
 */
export async function trackPeople(
  db: Kysely<Database>,
  userId: UserId,
  crypto: AccountCrypto,
): Promise<void> {
  const rows = await db
    .selectFrom("room_member")
    .select("room_id")
    .where("user_id", "=", userId)
    .where("membership", "=", "join")
    .execute();
  for (const { room_id: roomId } of rows) {
    await trackRoom(db, crypto, roomId);
  }
  await crypto.identity.exchangeKeys();
}

async function trackRoom(
  db: Kysely<Database>,
  crypto: AccountCrypto,
  roomId: RoomId,
): Promise<void> {
  const room = await findRoom(db, roomId);
  if (room?.encryption === undefined) return;
  await crypto.configureRoom(await openRoomView(db, room), room.encryption);
  for (const { userId, membership } of await listMembers(db, roomId, ["join"])) {
    crypto.memberChanged(roomId, userId, membership);
  }
}
