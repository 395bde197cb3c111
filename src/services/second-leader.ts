import { capabilitiesOf, roomTemplate } from "../config/room-template.ts";
import { listPeople } from "../db/repositories/cases.ts";
import { readLeaderMakers } from "../db/repositories/members.ts";
import type { Capability } from "../domain/case/capability.ts";
import type { Person } from "../domain/case/person.ts";
import { secondLeaders, type Wish } from "../domain/case/second-leader.ts";
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

/** The leaders any of whom can agree to a wish, as the roster is now. */
export async function readSecondLeaders(
  work: CaseWork,
  template: string,
  wish: Wish,
): Promise<readonly Person[]> {
  const roster = await listPeople(work.db, work.seal, work.caseId);
  const makers = await readLeaderMakers(work.db, work.caseId);
  return secondLeaders(roster, leadsIn(template), makers, wish);
}

/**
 * Whether the actor is another leader than the one who asked and the one concerned; an operator may
 * stand in for one of them.
 */
export async function isSecondLeader(
  work: CaseWork,
  template: string,
  wish: Wish,
): Promise<boolean> {
  const { actor } = work;
  if (actor.kind === "operator") return wish.askedBy !== undefined;
  if (actor.kind !== "person") return false;
  const seconds = await readSecondLeaders(work, template, wish);
  return seconds.some(({ userId }) => userId === actor.userId);
}

/** Whether whoever asked may still ask for it: two are needed to the end. */
export async function mayStillAsk(
  work: CaseWork,
  template: string,
  { askedBy }: Wish,
  capability: Capability,
): Promise<boolean> {
  if (askedBy === undefined) return true;
  const roster = await listPeople(work.db, work.seal, work.caseId);
  const asker = roster.find(({ userId }) => userId === askedBy);
  if (asker === undefined) return false;
  return capabilitiesOf(roomTemplate(template), asker.profile.role).has(capability);
}
