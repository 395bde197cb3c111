import { listPeople } from "../../db/repositories/cases.ts";
import { type MemberChange, memberChanges } from "../../db/repositories/member-changes.ts";
import { lockCase, markRemoved, updateProfile } from "../../db/repositories/members.ts";
import type { Person } from "../../domain/case/person.ts";
import { findMember, lastLeader } from "../../domain/case/roster.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import {
  CONFIRM_WITHIN_HOURS,
  confirmableUntil,
  isSecondLeader,
  leadsIn,
} from "../second-leader.ts";
import type { CaseWork } from "../work.ts";
import { changeSeats, type Registry } from "./case-seats.ts";

export type ChangedMember =
  | { readonly kind: "done"; readonly person: Person; readonly change: MemberChange }
  | {
      readonly kind: "waiting";
      readonly person: Person;
      readonly change: MemberChange;
      readonly number: number;
      /** A clause that says why one leader is not enough. */
      readonly why: string;
      readonly until: Temporal.Instant;
    };

/**
 * Removes a person from the case, or changes their role. What would leave a State without a leader, and
 * what somebody asks for themselves, waits for a second leader.
 *
 * @param said a Matrix id or its first part
 * @param saidAt the instant of the message
 * @throws RogatoryError `member.unknown`, `member.same-role`
 */
export async function changeMember(
  work: CaseWork,
  registry: Registry,
  said: string,
  change: MemberChange,
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
  const number = await memberChanges.insert(work.db, work.seal, work.caseId, {
    userId: person.userId,
    change,
    ...(work.actor.kind === "person" ? { askedBy: work.actor.userId } : {}),
    askedAt: saidAt.toString(),
  });
  await logAct(work, "member.ask", { member: person.userId, change, number });
  const until = confirmableUntil(saidAt);
  return { kind: "waiting", person, change, number, why, until };
}

/**
 * Carries out what another leader has asked for.
 *
 * @throws RogatoryError `member.change-unknown`, `member.change-late`, `member.change-second`,
 *   `member.unknown` if the person has left meanwhile
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
  await requireSecond(work, registry, askedBy, pending.userId);
  const roster = await listPeople(work.db, work.seal, work.caseId);
  const person = findMember(pending.userId, roster);
  const by = { number, askedBy: askedBy ?? "operator" };
  const changed = await apply(work, registry, person, change, by);
  await memberChanges.resolve(work.db, work.caseId, work.now, number);
  return { kind: "done", person: changed, change };
}

function whySecond(
  { actor }: CaseWork,
  { case: of }: Registry,
  person: Person,
  roster: readonly Person[],
  change: MemberChange,
): string | undefined {
  if (actor.kind === "person" && actor.userId === person.userId) return "it concerns yourself";
  const leads = leadsIn(of.template);
  if (change.kind === "role" && leads(change.role)) return undefined;
  return lastLeader(person, roster, leads);
}

async function requireSecond(
  work: CaseWork,
  { case: of }: Registry,
  askedBy: UserId | undefined,
  concerned: UserId,
): Promise<void> {
  if (await isSecondLeader(work, of.template, askedBy, concerned)) return;
  throw new RogatoryError(
    "member.change-second",
    "This has to be confirmed by another leader than the one who asked for it and the one whom it concerns.",
  );
}

async function apply(
  work: CaseWork,
  registry: Registry,
  person: Person,
  change: MemberChange,
  confirmed: Readonly<Record<string, unknown>>,
): Promise<Person> {
  const { userId, profile } = person;
  if (change.kind === "remove") {
    await markRemoved(work.db, person.id, work.now);
    await changeSeats(work, registry, userId, profile, undefined);
    const reason = change.reason === undefined ? {} : { reason: change.reason };
    await logAct(work, "member.remove", { member: userId, ...reason, ...confirmed });
    return person;
  }
  const changed = { ...profile, role: change.role };
  await updateProfile(work.db, work.seal, person.id, changed);
  await changeSeats(work, registry, userId, profile, changed);
  const roles = { from: profile.role, to: change.role };
  await logAct(work, "member.role", { member: userId, ...roles, ...confirmed });
  return { ...person, profile: changed };
}
