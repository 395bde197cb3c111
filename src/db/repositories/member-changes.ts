import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";
import { PendingChanges } from "./pending-changes.ts";

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

/** Changes to the people of a case. */
export const memberChanges = new PendingChanges(TABLE, "member-change", PendingDetails);

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
