import { deleteCaseRows } from "../../db/repositories/case-rows.ts";
import { findCaseByName, type OpenCase } from "../../db/repositories/cases.ts";
import { appendToJournal } from "../../db/repositories/journal.ts";
import {
  emptyCase,
  findShredding,
  putShredding,
  type ShreddingRecord,
} from "../../db/repositories/shreddings.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { Work } from "../work.ts";
import { mergeRecords } from "./merge-record.ts";
import { addRows, conversationsOf, roomsOf, takePlaces, uploadsOf } from "./places.ts";

export interface ShreddingWish {
  /** Code or real name; only the code once it was begun. */
  readonly name: string;
  readonly reason: string;
  /** The class of data whose time is over, if that is why. */
  readonly classes?: ShreddingRecord["classes"];
}

/** What shredding a case would destroy. */
export interface ShreddingPlan {
  readonly code: string;
  readonly name: string;
  readonly people: number;
  readonly rooms: number;
  /** Direct conversations with a bot. */
  readonly conversations: number;
  readonly files: number;
}

/** @throws RogatoryError `case.unknown` */
export async function planShredding(
  work: Work,
  { name, reason }: Pick<ShreddingWish, "name" | "reason">,
): Promise<ShreddingPlan> {
  const { db, vault, now } = work;
  const open = await findNamed(work, name);
  const { id, code, profile } = open.case;
  const entry = { at: now, actor: "operator", caseId: id, act: "case.shred-plan" };
  await appendToJournal(db, { vault, seal: open.seal }, { ...entry, details: { reason } });
  const people = await db.selectFrom("person").select("id").where("case_id", "=", id).execute();
  return {
    code,
    name: profile.name,
    people: people.length,
    rooms: (await roomsOf(db, id)).length,
    conversations: (await conversationsOf(work, id)).length,
    files: (await uploadsOf(work, open)).length,
  };
}

/**
 * The part that cannot be undone, in one transaction: the case's key and rows are destroyed, and what
 * has to be destroyed elsewhere is noted. One that was begun before is given as it stands.
 *
 * @throws RogatoryError `case.unknown`
 */
export async function beginShredding(
  work: Work,
  { name, reason, classes }: ShreddingWish,
): Promise<ShreddingRecord> {
  const { db, vault, now } = work;
  const begun = await findBegun(work, name);
  if (begun !== undefined) return begun;
  const open = await findNamed(work, name);
  const { id: caseId, code } = open.case;
  const { ending, record: elsewhere, rows: spoken } = await takePlaces(work, open);
  const rows = addRows(spoken, await deleteCaseRows(db, caseId, ending));
  await emptyCase(db, caseId, now);
  vault.forget(caseId);
  const record = mergeRecords(await findShredding(db, vault, caseId), {
    ...{ caseId, code, reason, rows, ...elsewhere },
    requestedAt: now.toString(),
    ...(classes === undefined ? {} : { classes }),
  });
  await putShredding(db, vault, record);
  // Sealed with the log's own key: the case's does not exist any more.
  await appendToJournal(
    db,
    { vault },
    { at: now, actor: "operator", caseId, act: "case.shred", details: { reason, code, rows } },
  );
  return record;
}

async function findBegun({ db, vault }: Work, code: string): Promise<ShreddingRecord | undefined> {
  const row = await db
    .selectFrom("case_file")
    .select("id")
    .where("code", "=", code.toUpperCase())
    .where("shredded_at", "is not", null)
    .executeTakeFirst();
  return row === undefined ? undefined : findShredding(db, vault, row.id);
}

async function findNamed({ db, vault }: Work, name: string): Promise<OpenCase> {
  const open = await findCaseByName(db, vault, name);
  if (open !== undefined) return open;
  throw new RogatoryError(
    "case.unknown",
    `There is no case “${name}”: rogatory case list shows the codes.`,
  );
}
