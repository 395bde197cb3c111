import { roomTemplate } from "../config/room-template.ts";
import { findPerson } from "../db/repositories/cases.ts";
import type { UserId } from "../domain/ids.ts";
import type { CaseWork } from "./work.ts";

/** How long a change waits for a second leader. */
export const CONFIRM_WITHIN_HOURS = 24;

/** Until when what was asked for at an instant can be confirmed. */
export function confirmableUntil(askedAt: Temporal.Instant): Temporal.Instant {
  return askedAt.add({ hours: CONFIRM_WITHIN_HOURS });
}

/** Whether a role answers for a State or body. */
export function leadsIn(template: string): (role: string) => boolean {
  const { roles } = roomTemplate(template);
  return (role) => roles[role]?.leads === true;
}

/**
 * Whether the actor is another leader than the one who asked and the one concerned; an operator may
 * stand in for one of them.
 *
 * @param askedBy undefined when an operator asked
 */
export async function isSecondLeader(
  work: CaseWork,
  template: string,
  askedBy: UserId | undefined,
  concerned?: UserId,
): Promise<boolean> {
  const { actor } = work;
  if (actor.kind === "operator") return askedBy !== undefined;
  if (actor.kind !== "person" || actor.userId === askedBy || actor.userId === concerned) {
    return false;
  }
  const second = await findPerson(work.db, work.seal, work.caseId, actor.userId);
  return second !== undefined && leadsIn(template)(second.profile.role);
}
