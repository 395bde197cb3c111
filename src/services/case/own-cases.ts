import type { Kysely, Transaction } from "kysely";
import { findCase, findPerson, listCaseRooms, type OpenCase } from "../../db/repositories/cases.ts";
import { isBarred } from "../../db/repositories/members.ts";
import type { Database } from "../../db/schema.ts";
import type { Named } from "../../domain/case/case-said.ts";
import type { UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import { leadsIn } from "../second-leader.ts";
import { commonRoom } from "./common-room.ts";

/** A case on whose roster somebody stands. */
export interface OwnCase extends Named, OpenCase {
  /** Whether the person still has something to do with it. */
  readonly served: boolean;
}

/** The cases on whose roster a person stands, oldest first. */
export async function casesOf(
  db: Kysely<Database> | Transaction<Database>,
  vault: Vault,
  userId: UserId,
): Promise<readonly OwnCase[]> {
  const rows = await db
    .selectFrom("person")
    .innerJoin("case_file", "case_file.id", "person.case_id")
    .select("person.case_id")
    .where("person.user_id", "=", userId)
    .where("person.removed_at", "is", null)
    .where("case_file.shredded_at", "is", null)
    .orderBy("case_file.created_at")
    .orderBy("case_file.id")
    .execute();
  const own: OwnCase[] = [];
  for (const { case_id: id } of rows) {
    const open = await findCase(db, vault, id);
    if (open === undefined) continue;
    const { code, profile } = open.case;
    const served = await isServed(db, open, userId);
    own.push({ ...open, code, name: profile.name, served });
  }
  return own;
}

/**
 * Whoever is not to read the room of everybody any more, because the case is over, is not told the same
 * by itself. Those who lead still answer for the case: its state says what they may.
 */
async function isServed(
  db: Kysely<Database> | Transaction<Database>,
  { case: { id, template }, seal }: OpenCase,
  userId: UserId,
): Promise<boolean> {
  const room = commonRoom(await listCaseRooms(db, id), template);
  if (room === undefined || !(await isBarred(db, { caseRoomId: room.id }, userId))) return true;
  const person = await findPerson(db, seal, id, userId);
  return person !== undefined && leadsIn(template)(person.profile.role);
}
