import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";
import { takeNumber } from "./counters.ts";

const TABLE = "member_change";

/** What is to be done with a person on the roster. */
export const MemberChange = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("remove"), reason: z.string().exactOptional() }),
  z.strictObject({ kind: z.literal("role"), role: z.string() }),
]);
export type MemberChange = z.infer<typeof MemberChange>;

const PendingDetails = z.strictObject({
  userId: UserId,
  change: MemberChange,
  /** Absent when an operator asked. */
  askedBy: UserId.exactOptional(),
  askedAt: z.string(),
});
export type PendingDetails = z.infer<typeof PendingDetails>;

/** Keeps a change until a second leader confirms it; the answer is its number in the case. */
export async function insertMemberChange(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  details: PendingDetails,
): Promise<number> {
  const number = await takeNumber(db, caseId, "member-change");
  const id = randomUUID();
  await db
    .insertInto(TABLE)
    .values({
      id,
      case_id: caseId,
      number,
      details: sealDetails(seal, TABLE, id, details),
      resolved_at: null,
    })
    .execute();
  return number;
}

/** Finds one that nobody has confirmed yet, and locks its row until the transaction ends. */
export async function findMemberChange(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  number: number,
): Promise<PendingDetails | undefined> {
  const row = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .where("number", "=", number)
    .where("resolved_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : openDetails(seal, TABLE, row, PendingDetails);
}

export async function resolveMemberChange(
  db: Transaction<Database>,
  caseId: CaseId,
  number: number,
  now: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable(TABLE)
    .set({ resolved_at: instantText(now) })
    .where("case_id", "=", caseId)
    .where("number", "=", number)
    .execute();
}
