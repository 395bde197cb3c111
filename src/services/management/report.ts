import { findManagement } from "../../db/repositories/management.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import type { Outcome } from "../../documents/message/outcome.ts";
import type { UserId } from "../../domain/ids.ts";
import type { Work } from "../work.ts";

/** What is said in the operators' room stands in a lane of its own. */
export const MANAGEMENT_LANE = "management";

/** Who is taken out of the operators' room waits for nobody else. */
export function operatorsKickLane(userId: UserId): string {
  return `kick:${MANAGEMENT_LANE}:${userId}`;
}

/**
 * Tells the operators something, in the transaction of what it is about: once for a cause and slot.
 * Never the real name of a case: operators need not know it. Nothing is kept where there is no room.
 */
export async function reportToOperators(
  { db, vault, now }: Work,
  registrar: UserId,
  report: { readonly cause: string; readonly slot: string; readonly outcome: Outcome },
): Promise<void> {
  if ((await findManagement(db)) === undefined) return;
  await enqueueStep(db, vault.system, now, {
    ...{ account: registrar, lane: MANAGEMENT_LANE, caseId: undefined },
    step: {
      kind: "send",
      room: { management: true },
      type: "m.room.message",
      content: noticeContent(report.outcome),
    },
    cause: report.cause,
    slot: `operators-${report.slot}`,
  });
}
