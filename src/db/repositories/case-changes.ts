import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";
import { takeNumber } from "./counters.ts";

const TABLE = "case_change";

const PendingTransition = z.strictObject({
  /** The state, as the template names it. */
  to: z.string(),
  reason: z.string().exactOptional(),
  /** Absent when an operator asked. */
  askedBy: UserId.exactOptional(),
  askedAt: z.string(),
});
export type PendingTransition = z.infer<typeof PendingTransition>;

/** Keeps a transition until a second leader confirms it; the answer is its number in the case. */
export async function insertTransition(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  details: PendingTransition,
): Promise<number> {
  const number = await takeNumber(db, caseId, "case-change");
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
export async function findTransition(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  number: number,
): Promise<PendingTransition | undefined> {
  const row = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .where("number", "=", number)
    .where("resolved_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : openDetails(seal, TABLE, row, PendingTransition);
}

/** What was asked for before a transition has happened is not confirmed after it. */
export async function resolveTransitions(
  db: Transaction<Database>,
  caseId: CaseId,
  now: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable(TABLE)
    .set({ resolved_at: instantText(now) })
    .where("case_id", "=", caseId)
    .where("resolved_at", "is", null)
    .execute();
}
