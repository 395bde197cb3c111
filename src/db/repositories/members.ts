import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import type { Person, PersonProfile } from "../../domain/case/person.ts";
import type { StatePair } from "../../domain/case/seats.ts";
import type { CaseId, CaseRoomId, PersonId, RoomId, UserId } from "../../domain/ids.ts";
import { StateCode } from "../../domain/request/states.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";
import { insertPerson, placeOfPerson } from "./cases.ts";
import { findManagement } from "./management.ts";
import type { RoomReference } from "./outbox.ts";

type Reader = Kysely<Database> | Transaction<Database>;

const Pair = z.tuple([StateCode, StateCode]);

/** One change of a case's people or rooms at a time: what is checked must still hold when it is written. */
export async function lockCase(db: Transaction<Database>, caseId: CaseId): Promise<void> {
  await db
    .selectFrom("case_file")
    .select("id")
    .where("id", "=", caseId)
    // Others may add rows that refer to the case meanwhile, such as steps.
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
}

/** Puts a person on the roster, or back on it: the row of somebody who was removed is used again. */
export async function enterPerson(
  db: Transaction<Database>,
  seal: SealBox,
  person: Person,
): Promise<Person> {
  const former = await db
    .selectFrom("person")
    .select("id")
    .where("case_id", "=", person.caseId)
    .where("user_id", "=", person.userId)
    .executeTakeFirst();
  if (former === undefined) {
    await insertPerson(db, seal, person);
    return person;
  }
  await updateProfile(db, seal, former.id, person.profile);
  await db.updateTable("person").set({ removed_at: null }).where("id", "=", former.id).execute();
  return { ...person, id: former.id };
}

export async function updateProfile(
  db: Transaction<Database>,
  seal: SealBox,
  id: PersonId,
  profile: PersonProfile,
): Promise<void> {
  await db
    .updateTable("person")
    .set({ profile: seal.seal(placeOfPerson(id), profile) })
    .where("id", "=", id)
    .execute();
}

/** The row stays, and the person is found on no roster any more. */
export async function markRemoved(
  db: Transaction<Database>,
  id: PersonId,
  now: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable("person")
    .set({ removed_at: instantText(now) })
    .where("id", "=", id)
    .execute();
}

/** @param by the one leader who decides it alone; undefined where two agree, or an operator decides */
export async function noteLeaderMaker(
  db: Transaction<Database>,
  id: PersonId,
  by: UserId | undefined,
): Promise<void> {
  await db
    .updateTable("person")
    .set({ made_leader_by: by ?? null })
    .where("id", "=", id)
    .execute();
}

/** Who alone has made whom a leader, those who have left the case included. */
export async function readLeaderMakers(
  db: Reader,
  caseId: CaseId,
): Promise<ReadonlyMap<UserId, UserId>> {
  const rows = await db
    .selectFrom("person")
    .select(["user_id", "made_leader_by"])
    .where("case_id", "=", caseId)
    .execute();
  return new Map(
    rows.flatMap(({ user_id: user, made_leader_by: by }) => (by === null ? [] : [[user, by]])),
  );
}

export async function listRemoved(db: Reader, caseId: CaseId): Promise<readonly UserId[]> {
  const rows = await db
    .selectFrom("person")
    .select("user_id")
    .where("case_id", "=", caseId)
    .where("removed_at", "is not", null)
    .execute();
  return rows.map((row) => row.user_id);
}

/** From the commit on, nothing is encrypted for the person in this room and no invitation is sent. */
export async function barFromRoom(
  db: Transaction<Database>,
  room: CaseRoomId,
  userId: UserId,
): Promise<void> {
  await db
    .insertInto("room_bar")
    .values({ case_room_id: room, user_id: userId })
    .onConflict((conflict) => conflict.columns(["case_room_id", "user_id"]).doNothing())
    .execute();
}

export async function admitToRoom(
  db: Transaction<Database>,
  room: CaseRoomId,
  userId: UserId,
): Promise<void> {
  await db
    .deleteFrom("room_bar")
    .where("case_room_id", "=", room)
    .where("user_id", "=", userId)
    .execute();
}

export async function isBarred(db: Reader, room: RoomReference, userId: UserId): Promise<boolean> {
  // Operators are those of the configuration, which is compared at every start.
  if ("management" in room) return !(await isOperator(db, userId));
  if ("roomId" in room && (await isEmptied(db, room.roomId))) return true;
  const bars = db
    .selectFrom("room_bar")
    .innerJoin("case_room", "case_room.id", "room_bar.case_room_id")
    .select("room_bar.user_id")
    .where("room_bar.user_id", "=", userId);
  const row = await ("roomId" in room
    ? bars.where("case_room.room_id", "=", room.roomId)
    : bars.where("case_room.id", "=", room.caseRoomId)
  ).executeTakeFirst();
  return row !== undefined;
}

/** A replaced room, from which everybody was invited to the new one. */
async function isEmptied(db: Reader, roomId: RoomId): Promise<boolean> {
  const row = await db
    .selectFrom("former_room")
    .select("room_id")
    .where("room_id", "=", roomId)
    .where("refilled_at", "is not", null)
    .executeTakeFirst();
  return row !== undefined;
}

async function isOperator(db: Reader, userId: UserId): Promise<boolean> {
  return (await findManagement(db))?.operators.includes(userId) === true;
}

/** The pairs of States that have a room of their own. */
export async function readPairs(
  db: Reader,
  seal: SealBox,
  caseId: CaseId,
): Promise<ReadonlyMap<CaseRoomId, StatePair>> {
  const rows = await db
    .selectFrom("case_room")
    .select(["id", "pair"])
    .where("case_id", "=", caseId)
    .execute();
  return new Map(
    rows.flatMap(({ id, pair }) =>
      pair === null
        ? []
        : [[id, Pair.parse(seal.open<unknown>(placeOfPair(id), pair, z.unknown()))] as const],
    ),
  );
}

export async function savePair(
  db: Transaction<Database>,
  seal: SealBox,
  room: CaseRoomId,
  pair: StatePair,
): Promise<void> {
  await db
    .updateTable("case_room")
    .set({ pair: seal.seal<unknown>(placeOfPair(room), pair) })
    .where("id", "=", room)
    .execute();
}

function placeOfPair(id: CaseRoomId) {
  return { table: "case_room", column: "pair", row: id } as const;
}
