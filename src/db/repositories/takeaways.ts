import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, CaseRoomId, EventId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";
import { takeNumber } from "./counters.ts";

const TakeawayDetails = z.strictObject({
  category: z.string(),
  section: z.string(),
  rank: z.number().int().positive().exactOptional(),
  lead: z.string().exactOptional(),
  text: z.string(),
  /** Where it comes from; never published. Absent when an operator recorded it. */
  recordedBy: UserId.optional(),
  recordedAt: z.string(),
  room: CaseRoomId.optional(),
  event: EventId.optional(),
});
type TakeawayDetails = z.infer<typeof TakeawayDetails>;

export type TakeawayRow = TakeawayDetails & { readonly number: number };

/** Stores it under the next number of the case, which is the answer. */
export async function insertTakeaway(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  details: TakeawayDetails,
): Promise<number> {
  const number = await takeNumber(db, caseId, "takeaway");
  const id = globalThis.crypto.randomUUID();
  await db
    .insertInto("takeaway")
    .values({ id, case_id: caseId, number, details: sealDetails(seal, "takeaway", id, details) })
    .execute();
  return number;
}

/** All takeaways of the case, in the order of their numbers. */
export async function listTakeawayRows(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
): Promise<readonly TakeawayRow[]> {
  const rows = await db
    .selectFrom("takeaway")
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("number")
    .execute();
  return rows.map((row) => ({
    number: row.number,
    ...openDetails(seal, "takeaway", row, TakeawayDetails),
  }));
}

const OFF_RECORD = "off-record";

/** Counts one more thing that was said off the record; nothing else is kept of it. */
export function countOffRecord(db: Transaction<Database>, caseId: CaseId): Promise<number> {
  return takeNumber(db, caseId, OFF_RECORD);
}

export async function readOffRecordCount(
  db: Transaction<Database>,
  caseId: CaseId,
): Promise<number> {
  const row = await db
    .selectFrom("counter")
    .select("last")
    .where("case_id", "=", caseId)
    .where("series", "=", OFF_RECORD)
    .executeTakeFirst();
  return row?.last ?? 0;
}
