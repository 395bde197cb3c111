import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { CaseId } from "../../domain/ids.ts";
import { type Meeting, MeetingDetails } from "../../domain/meeting/meeting.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";

const TABLE = "meeting";

export async function insertMeeting(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  { number, ...details }: Meeting,
): Promise<void> {
  const id = randomUUID();
  await db
    .insertInto(TABLE)
    .values({ id, case_id: caseId, number, details: sealDetails(seal, TABLE, id, details) })
    .execute();
}

/** All meetings of a case, in the order of their numbers. */
export async function listMeetings(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
): Promise<readonly Meeting[]> {
  const rows = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("number")
    .execute();
  return rows.map((row) => openMeeting(seal, row));
}

export async function findMeeting(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  number: number,
): Promise<Meeting | undefined> {
  const row = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : openMeeting(seal, row);
}

function openMeeting(seal: SealBox, row: Database["meeting"]): Meeting {
  return { number: row.number, ...openDetails(seal, TABLE, row, MeetingDetails) };
}
