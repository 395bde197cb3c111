import { type Kysely, sql, type Transaction } from "kysely";
import { z } from "zod";
import type { RoomId, UserId } from "../../domain/ids.ts";
import type { Database } from "../schema.ts";
import { findManagement } from "./management.ts";

type Reader = Kysely<Database> | Transaction<Database>;

const Encryption = z.record(z.string(), z.unknown());

export interface KnownRoom {
  readonly roomId: RoomId;
  /** Content of `m.room.encryption`; undefined while nothing says that the room is encrypted. */
  readonly encryption: Record<string, unknown> | undefined;
  readonly historyVisibility: string;
}

export async function findRoom(db: Reader, roomId: RoomId): Promise<KnownRoom | undefined> {
  const row = await db
    .selectFrom("room")
    .selectAll()
    .where("room_id", "=", roomId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    roomId,
    encryption: row.encryption === null ? undefined : Encryption.parse(JSON.parse(row.encryption)),
    historyVisibility: row.history_visibility,
  };
}

/** Any number will do, as long as nothing else in the database uses it. */
const roomChangesLock = 1182_1971;

/**
 * Lets one transaction at a time change what is known of rooms and members: our accounts hear of the
 * same people in different orders, and PostgreSQL would call that a deadlock. Taken before the first
 * change; the end of the transaction releases it.
 */
export async function lockRoomChanges(db: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(roomChangesLock)})`.execute(db);
}

/** Notes what is newly known of a room. Encryption, once on, is never forgotten. */
export async function saveRoom(
  db: Transaction<Database>,
  roomId: RoomId,
  changes: { readonly encryption?: Record<string, unknown>; readonly historyVisibility?: string },
): Promise<void> {
  const encryption =
    changes.encryption === undefined ? undefined : JSON.stringify(changes.encryption);
  const update = {
    ...(encryption === undefined ? {} : { encryption }),
    ...(changes.historyVisibility === undefined
      ? {}
      : { history_visibility: changes.historyVisibility }),
  };
  await db
    .insertInto("room")
    .values({
      room_id: roomId,
      encryption: encryption ?? null,
      history_visibility: changes.historyVisibility ?? "shared",
    })
    .onConflict((conflict) =>
      Object.keys(update).length === 0
        ? conflict.column("room_id").doNothing()
        : conflict.column("room_id").doUpdateSet(update),
    )
    .execute();
}

/** @param sender who brought it about, where that is known */
export async function saveMembership(
  db: Transaction<Database>,
  roomId: RoomId,
  userId: UserId,
  membership: string,
  sender?: UserId,
): Promise<void> {
  const state = { membership, sender: sender ?? null };
  await db
    .insertInto("room_member")
    .values({ room_id: roomId, user_id: userId, ...state })
    .onConflict((conflict) => conflict.columns(["room_id", "user_id"]).doUpdateSet(state))
    .execute();
}

export async function listMembers(
  db: Reader,
  roomId: RoomId,
  memberships: readonly string[],
): Promise<readonly { readonly userId: UserId; readonly membership: string }[]> {
  const rows = await db
    .selectFrom("room_member")
    .select(["user_id", "membership"])
    .where("room_id", "=", roomId)
    .where("membership", "in", memberships)
    .orderBy("user_id")
    .execute();
  return rows.map((row) => ({ userId: row.user_id, membership: row.membership }));
}

/** Who is, or was, in some rooms, and who brought that about, where it is known. */
export async function listMemberships(db: Reader, rooms: readonly RoomId[]) {
  const rows = await db
    .selectFrom("room_member")
    .selectAll()
    .where("room_id", "in", rooms)
    .orderBy("user_id")
    .execute();
  return rows.map((row) => ({
    roomId: row.room_id,
    userId: row.user_id,
    membership: row.membership,
    sender: row.sender ?? undefined,
  }));
}

/** Everybody who is in at least one of some rooms, each once. */
export async function listJoined(db: Reader, rooms: readonly RoomId[]): Promise<readonly UserId[]> {
  if (rooms.length === 0) return [];
  const rows = await db
    .selectFrom("room_member")
    .select("user_id")
    .distinct()
    .where("room_id", "in", rooms)
    .where("membership", "=", "join")
    .orderBy("user_id")
    .execute();
  return rows.map((row) => row.user_id);
}

/** What is known so far of some people in a room; whoever was never in it is left out. */
export async function readMemberships(
  db: Reader,
  roomId: RoomId,
  users: readonly UserId[],
): Promise<ReadonlyMap<UserId, string>> {
  const rows = await db
    .selectFrom("room_member")
    .select(["user_id", "membership"])
    .where("room_id", "=", roomId)
    .where("user_id", "in", users)
    .execute();
  return new Map(rows.map((row) => [row.user_id, row.membership]));
}

/**
 * For whom a room's messages are encrypted: its members, without those who are barred from it; in the
 * operators' room the operators and our own accounts.
 */
export async function listAudience(
  db: Reader,
  roomId: RoomId,
  memberships: readonly string[],
): Promise<readonly { readonly userId: UserId; readonly membership: string }[]> {
  const rows = await db
    .selectFrom("room_member")
    .select(["user_id", "membership"])
    .where("room_id", "=", roomId)
    .where("membership", "in", memberships)
    .where((member) =>
      member.not(
        member.exists(
          member
            .selectFrom("room_bar")
            .innerJoin("case_room", "case_room.id", "room_bar.case_room_id")
            .select("room_bar.user_id")
            .whereRef("case_room.room_id", "=", "room_member.room_id")
            .whereRef("room_bar.user_id", "=", "room_member.user_id"),
        ),
      ),
    )
    .orderBy("user_id")
    .execute();
  const members = rows.map((row) => ({ userId: row.user_id, membership: row.membership }));
  const management = await findManagement(db);
  if (management?.roomId !== roomId) return members;
  const accounts = await db.selectFrom("account").select("user_id").execute();
  const wanted = new Set([...management.operators, ...accounts.map((row) => row.user_id)]);
  return members.filter(({ userId }) => wanted.has(userId));
}

export async function membershipOf(
  db: Reader,
  roomId: RoomId,
  userId: UserId,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("room_member")
    .select("membership")
    .where("room_id", "=", roomId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row?.membership;
}
