import { listPeople } from "../../db/repositories/cases.ts";
import { type MemberChange, memberChanges } from "../../db/repositories/member-changes.ts";
import { lockCase, markRemoved, updateProfile } from "../../db/repositories/members.ts";
import type { Person } from "../../domain/case/person.ts";
import { affiliationOf, findMember, lastLeader } from "../../domain/case/roster.ts";
import { foreignLeader, type Wish } from "../../domain/case/second-leader.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import {
  CONFIRM_WITHIN_HOURS,
  confirmableUntil,
  isSecondLeader,
  leadsIn,
  mayStillAsk,
} from "../second-leader.ts";
import type { CaseWork } from "../work.ts";
import { type AddedMember, enterMember, noteLeader } from "./add-member.ts";
import { changeSeats, type Registry } from "./case-seats.ts";
import { emptyFormerRooms } from "./former-rooms.ts";
import { type WaitingChange, waitForSecond } from "./wait-for-second.ts";

/** What is done with somebody who is on the roster. */
type OwnChange = Exclude<MemberChange, { kind: "add" }>;

export type ChangedMember =
  | { readonly kind: "done"; readonly person: Person; readonly change: OwnChange }
  | AddedMember
  | WaitingChange;

/**
 * Removes a person from the case, or changes their role. What would leave a State without a leader, gives
 * one to a State or body that is not the asker's or takes one from it, or is asked for oneself waits for a
 * second leader.
 *
 * @param said a Matrix id or its first part
 * @param saidAt the instant of the message
 * @throws RogatoryError `member.unknown`, `member.same-role`
 */
export async function changeMember(
  work: CaseWork,
  registry: Registry,
  said: string,
  change: OwnChange,
  saidAt: Temporal.Instant,
): Promise<ChangedMember> {
  await lockCase(work.db, work.caseId);
  const roster = await listPeople(work.db, work.seal, work.caseId);
  const person = findMember(said, roster);
  if (change.kind === "role" && change.role === person.profile.role) {
    throw new RogatoryError(
      "member.same-role",
      `${person.userId} has the role ${change.role} already.`,
    );
  }
  const why = whySecond(work, registry, person, roster, change);
  if (why === undefined) {
    return { kind: "done", person: await apply(work, registry, person, change, {}), change };
  }
  const { userId } = person;
  const asker = work.actor.kind === "person" ? work.actor.userId : undefined;
  const affiliation = voiceOf(registry, person, change, asker);
  return waitForSecond(work, registry, { userId, change, why, affiliation, saidAt });
}

/**
 * Carries out what another leader has asked for.
 *
 * @throws RogatoryError `member.change-unknown`, `member.change-late`, `member.change-asker`,
 *   `member.change-second`, `member.unknown` if the person has left meanwhile, `member.known` if they
 *   have come
 */
export async function confirmMemberChange(
  work: CaseWork,
  registry: Registry,
  number: number,
  saidAt: Temporal.Instant,
): Promise<ChangedMember> {
  await lockCase(work.db, work.caseId);
  const pending = await memberChanges.find(work.db, work.seal, work.caseId, number);
  if (pending === undefined) {
    throw new RogatoryError(
      "member.change-unknown",
      `Nothing with the number ${number} waits for a confirmation: ask for the change again.`,
    );
  }
  const { askedBy, change } = pending;
  const until = confirmableUntil(Temporal.Instant.from(pending.askedAt));
  if (Temporal.Instant.compare(saidAt, until) > 0) {
    throw new RogatoryError(
      "member.change-late",
      `The change ${number} was not confirmed within ${CONFIRM_WITHIN_HOURS} hours: ask for it again.`,
    );
  }
  const wish = { askedBy, concerned: pending.userId };
  const by = { number, askedBy: askedBy ?? "operator" };
  if (change.kind === "add") {
    const affiliation = affiliationOf(change.profile);
    await requireSecond(work, registry, { ...wish, affiliation });
    const added = await enterMember(work, registry, pending.userId, change.profile, by);
    await memberChanges.resolve(work.db, work.caseId, work.now, number);
    return added;
  }
  const roster = await listPeople(work.db, work.seal, work.caseId);
  const person = findMember(pending.userId, roster);
  const affiliation = voiceOf(registry, person, change, askedBy);
  await requireSecond(work, registry, { ...wish, affiliation });
  const changed = await apply(work, registry, person, change, by);
  await memberChanges.resolve(work.db, work.caseId, work.now, number);
  return { kind: "done", person: changed, change };
}

function whySecond(
  { actor }: CaseWork,
  registry: Registry,
  person: Person,
  roster: readonly Person[],
  change: OwnChange,
): string | undefined {
  if (actor.kind === "person" && actor.userId === person.userId) return "it concerns yourself";
  const leads = leadsIn(registry.case.template);
  const asker = roster.find(({ userId }) => actor.kind === "person" && userId === actor.userId);
  if (change.kind === "remove" || !leads(change.role)) {
    const last = lastLeader(person, roster, leads);
    if (last !== undefined || actor.kind !== "person") return last;
    return foreignLeader(asker?.profile, person.profile, leads, "takes");
  }
  if (actor.kind !== "person" || !beginsToLead(registry, person, change)) return undefined;
  return foreignLeader(asker?.profile, { ...person.profile, role: change.role }, leads, "gives");
}

/** The State or body that has one leader more or less by a change; nobody is asked about a leader who goes by themselves. */
function voiceOf(
  { case: of }: Registry,
  { userId, profile }: Person,
  change: OwnChange,
  askedBy: UserId | undefined,
): string | undefined {
  const leads = leadsIn(of.template);
  const isLeading = change.kind === "role" && leads(change.role);
  if (userId === askedBy || isLeading === leads(profile.role)) return undefined;
  return affiliationOf(profile);
}

function beginsToLead({ case: of }: Registry, { profile }: Person, change: OwnChange): boolean {
  const leads = leadsIn(of.template);
  return change.kind === "role" && leads(change.role) && !leads(profile.role);
}

async function requireSecond(work: CaseWork, { case: of }: Registry, wish: Wish): Promise<void> {
  if (!(await mayStillAsk(work, of.template, wish, "member.manage"))) {
    throw new RogatoryError(
      "member.change-asker",
      "Whoever asked for this may not do so any more: ask for the change again.",
    );
  }
  if (await isSecondLeader(work, of.template, wish)) return;
  const own =
    wish.affiliation === undefined
      ? ""
      : `, of ${wish.affiliation} if it has one, or else of a third State or body if there is one`;
  throw new RogatoryError(
    "member.change-second",
    `This has to be confirmed by another leader than the one who asked for it and the one whom it concerns${own}. Whom the one who asked has made a leader alone does not count, nor whoever made that one.`,
  );
}

async function apply(
  work: CaseWork,
  registry: Registry,
  person: Person,
  change: OwnChange,
  confirmed: Readonly<Record<string, unknown>>,
): Promise<Person> {
  const { userId, profile } = person;
  if (change.kind === "remove") {
    await markRemoved(work.db, person.id, work.now);
    await changeSeats(work, registry, userId, profile, undefined);
    await emptyFormerRooms(work, registry, userId);
    const reason = change.reason === undefined ? {} : { reason: change.reason };
    await logAct(work, "member.remove", { member: userId, ...reason, ...confirmed });
    return person;
  }
  const changed = { ...profile, role: change.role };
  await updateProfile(work.db, work.seal, person.id, changed);
  if (beginsToLead(registry, person, change)) {
    await noteLeader(work, registry, { ...person, profile: changed }, confirmed);
  }
  await changeSeats(work, registry, userId, profile, changed);
  const roles = { from: profile.role, to: change.role };
  await logAct(work, "member.role", { member: userId, ...roles, ...confirmed });
  return { ...person, profile: changed };
}
