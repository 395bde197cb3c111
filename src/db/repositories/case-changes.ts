import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";
import { PendingChanges } from "./pending-changes.ts";

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

/** Transitions of the case's state. */
export const transitions = new PendingChanges(TABLE, "case-change", PendingTransition);

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
