import type { Kysely, Transaction } from "kysely";
import { type Case, CaseProfile, type CaseRoom } from "../../domain/case/case.ts";
import { type Person, PersonProfile } from "../../domain/case/person.ts";
import type { CaseId, PersonId, RoomId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Vault, WrappedCaseKey } from "../../vault/vault.ts";
import type { Database } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

/** A case together with the box that seals and opens its content. */
export interface OpenCase {
  readonly case: Case;
  readonly seal: SealBox;
}

export async function insertCase(
  db: Transaction<Database>,
  vault: Vault,
  now: Temporal.Instant,
  { id, code, template, profile, state }: Case,
): Promise<SealBox> {
  const wrapped = vault.createCaseKey(id);
  const seal = vault.forCase(id, wrapped);
  await db
    .insertInto("case_file")
    .values({
      id,
      code,
      template,
      wrapped_key: wrapped,
      profile: seal.seal(placeOfCase(id), profile),
      created_at: now.toString(),
      state: state ?? null,
    })
    .execute();
  return seal;
}

export async function findCase(
  db: Reader,
  vault: Vault,
  id: CaseId,
): Promise<OpenCase | undefined> {
  const row = await db
    .selectFrom("case_file")
    .selectAll()
    .where("id", "=", id)
    .where("shredded_at", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : openCase(vault, row);
}

/** Finds a case by its neutral code or its real name, in any case of letters. */
export async function findCaseByName(
  db: Reader,
  vault: Vault,
  name: string,
): Promise<OpenCase | undefined> {
  const wanted = name.toLowerCase();
  for (const open of await listCases(db, vault)) {
    const names = [open.case.code, open.case.profile.name];
    if (names.some((known) => known.toLowerCase() === wanted)) return open;
  }
  return undefined;
}

export async function listCases(db: Reader, vault: Vault): Promise<readonly OpenCase[]> {
  const rows = await db
    .selectFrom("case_file")
    .selectAll()
    .where("shredded_at", "is", null)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map((row) => openCase(vault, row));
}

/** Writes what a case really is anew. */
export async function updateCaseProfile(
  db: Transaction<Database>,
  seal: SealBox,
  id: CaseId,
  profile: CaseProfile,
): Promise<void> {
  await db
    .updateTable("case_file")
    .set({ profile: seal.seal(placeOfCase(id), profile) })
    .where("id", "=", id)
    .execute();
}

export async function saveState(
  db: Transaction<Database>,
  id: CaseId,
  state: string,
): Promise<void> {
  await db.updateTable("case_file").set({ state }).where("id", "=", id).execute();
}

export async function insertPerson(
  db: Transaction<Database>,
  seal: SealBox,
  { id, caseId, userId, profile }: Person,
): Promise<void> {
  await db
    .insertInto("person")
    .values({
      id,
      case_id: caseId,
      user_id: userId,
      profile: seal.seal(placeOfPerson(id), profile),
      removed_at: null,
      made_leader_by: null,
    })
    .execute();
}

/** A person of the roster; whoever was removed from it is not found. */
export async function findPerson(
  db: Reader,
  seal: SealBox,
  caseId: CaseId,
  userId: UserId,
): Promise<Person | undefined> {
  const row = await db
    .selectFrom("person")
    .selectAll()
    .where("case_id", "=", caseId)
    .where("user_id", "=", userId)
    .where("removed_at", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : openPerson(seal, row);
}

/** The whole roster, in the order of Matrix ids, without those who were removed from it. */
export async function listPeople(
  db: Reader,
  seal: SealBox,
  caseId: CaseId,
): Promise<readonly Person[]> {
  const rows = await db
    .selectFrom("person")
    .selectAll()
    .where("case_id", "=", caseId)
    .where("removed_at", "is", null)
    .orderBy("user_id")
    .execute();
  return rows.map((row) => openPerson(seal, row));
}

export async function insertCaseRoom(
  db: Transaction<Database>,
  room: CaseRoom & { readonly position: number; readonly planKey: string },
): Promise<void> {
  await db
    .insertInto("case_room")
    .values({
      id: room.id,
      case_id: room.caseId,
      kind: room.kind,
      section: room.section ?? null,
      position: room.position,
      plan_key: room.planKey,
      room_id: room.roomId ?? null,
      label: room.label ?? null,
      restricted: room.restricted ?? false,
      pair: null,
    })
    .execute();
}

export async function findCaseRoom(db: Reader, roomId: RoomId): Promise<CaseRoom | undefined> {
  const row = await db
    .selectFrom("case_room")
    .selectAll()
    .where("room_id", "=", roomId)
    .executeTakeFirst();
  return row === undefined ? undefined : asCaseRoom(row);
}

/** Whether a room belongs to any case, or did before it was replaced. */
export async function isRoomOfCase(db: Reader, roomId: RoomId): Promise<boolean> {
  if ((await findCaseRoom(db, roomId)) !== undefined) return true;
  const former = await db
    .selectFrom("former_room")
    .select("room_id")
    .where("room_id", "=", roomId)
    .executeTakeFirst();
  return former !== undefined;
}

export async function listCaseRooms(db: Reader, caseId: CaseId): Promise<readonly CaseRoom[]> {
  const rows = await db
    .selectFrom("case_room")
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("position")
    .execute();
  return rows.map(asCaseRoom);
}

function openCase(
  vault: Vault,
  row: {
    readonly id: CaseId;
    readonly code: string;
    readonly template: string;
    readonly wrapped_key: WrappedCaseKey;
    readonly profile: Database["case_file"]["profile"];
    readonly state: string | null;
  },
): OpenCase {
  const seal = vault.forCase(row.id, row.wrapped_key);
  const profile = seal.open(placeOfCase(row.id), row.profile, CaseProfile);
  const { id, code, template } = row;
  return { case: { id, code, template, profile, state: row.state ?? undefined }, seal };
}

function openPerson(seal: SealBox, row: Database["person"]): Person {
  const profile = seal.open(placeOfPerson(row.id), row.profile, PersonProfile);
  return { id: row.id, caseId: row.case_id, userId: row.user_id, profile };
}

function asCaseRoom(row: Database["case_room"]): CaseRoom {
  return {
    id: row.id,
    caseId: row.case_id,
    kind: row.kind,
    section: row.section ?? undefined,
    label: row.label ?? undefined,
    restricted: row.restricted,
    roomId: row.room_id ?? undefined,
  };
}

function placeOfCase(id: CaseId) {
  return { table: "case_file", column: "profile", row: id } as const;
}

export function placeOfPerson(id: PersonId) {
  return { table: "person", column: "profile", row: id } as const;
}

/** Whether somebody is on the roster of any case. */
export async function isOnAnyRoster(db: Reader, userId: UserId): Promise<boolean> {
  const row = await db
    .selectFrom("person")
    .select("id")
    .where("user_id", "=", userId)
    .where("removed_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
