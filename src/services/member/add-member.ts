import { roomTemplate } from "../../config/room-template.ts";
import { findPerson } from "../../db/repositories/cases.ts";
import { enterPerson, lockCase, noteLeaderMaker } from "../../db/repositories/members.ts";
import { describePerson, type Person, type PersonProfile } from "../../domain/case/person.ts";
import { affiliationOf } from "../../domain/case/roster.ts";
import { foreignLeader } from "../../domain/case/second-leader.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { newId, PersonId, serverOf, type UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { leadsIn } from "../second-leader.ts";
import type { CaseWork } from "../work.ts";
import { changeSeats, type Registry } from "./case-seats.ts";
import { type WaitingChange, waitForSecond } from "./wait-for-second.ts";

export interface AddedMember {
  readonly kind: "added";
  readonly person: Person;
  /** Names of the rooms of everybody's knowledge to which the person is invited. */
  readonly rooms: readonly string[];
}

/**
 * Puts a person on the roster and invites them to the rooms of their role. Nobody reads what was said
 * before they came (`history_visibility: joined`). Who is to lead for a State or body other than the
 * asker's waits for a second leader.
 *
 * @param saidAt the instant of the message
 * @throws RogatoryError `member.bot`, `member.known` or `member.closed`
 */
export async function addMember(
  work: CaseWork,
  registry: Registry,
  userId: UserId,
  profile: PersonProfile,
  saidAt: Temporal.Instant,
): Promise<AddedMember | WaitingChange> {
  await lockCase(work.db, work.caseId);
  await refuse(work, registry, userId);
  const { actor } = work;
  if (actor.kind === "person") {
    const asker = await findPerson(work.db, work.seal, work.caseId, actor.userId);
    const leads = leadsIn(registry.case.template);
    const why = foreignLeader(asker?.profile, profile, leads, "gives");
    if (why !== undefined) {
      const affiliation = affiliationOf(profile);
      const change = { kind: "add", profile } as const;
      return waitForSecond(work, registry, { userId, change, why, affiliation, saidAt });
    }
  }
  return enterMember(work, registry, userId, profile, {});
}

/**
 * The same for somebody about whom nobody else need be asked, in a transaction that holds the lock of the
 * case.
 *
 * @param confirmed who had asked for it; empty where one decides alone
 * @throws RogatoryError as addMember
 */
export async function enterMember(
  work: CaseWork,
  registry: Registry,
  userId: UserId,
  profile: PersonProfile,
  confirmed: Readonly<Record<string, unknown>>,
): Promise<AddedMember> {
  await refuse(work, registry, userId);
  const person = await enterPerson(work.db, work.seal, {
    id: newId(PersonId),
    caseId: work.caseId,
    userId,
    profile,
  });
  await noteLeader(work, registry, person, confirmed);
  const seats = await changeSeats(work, registry, userId, undefined, profile);
  const rooms = seats.map(({ name }) => name);
  await logAct(work, "member.add", { member: userId, profile, rooms, ...confirmed });
  return {
    kind: "added",
    person,
    rooms: seats.filter(({ entry }) => !entry.outsideSpace).map(({ name }) => name),
  };
}

/** Remembers whose voice somebody has who begins to lead. */
export async function noteLeader(
  { db, seal, caseId, actor }: CaseWork,
  { case: of }: Registry,
  { id, profile }: Person,
  confirmed: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (!leadsIn(of.template)(profile.role)) return;
  const alone = actor.kind === "person" && Object.keys(confirmed).length === 0;
  // An operator who applies a case file in a conversation is on no roster.
  const maker = alone ? await findPerson(db, seal, caseId, actor.userId) : undefined;
  await noteLeaderMaker(db, id, maker?.userId);
}

async function refuse(work: CaseWork, { bots, case: of }: Registry, userId: UserId): Promise<void> {
  if (Object.values(bots).some((bot) => bot === userId)) {
    throw new RogatoryError(
      "member.bot",
      `${userId} is one of the bots: they need no place on it.`,
    );
  }
  const known = await findPerson(work.db, work.seal, work.caseId, userId);
  if (known !== undefined) {
    throw new RogatoryError(
      "member.known",
      `${userId} is on the roster already, as ${describePerson(known.profile)}. !member role ${userId} changes the role.`,
    );
  }
  const here = serverOf(bots.registrar);
  if (!roomTemplate(of.template).federate && serverOf(userId) !== here) {
    throw new RogatoryError(
      "member.closed",
      `The rooms of this case are closed to other homeservers than ${here}: use an account there.`,
    );
  }
}
