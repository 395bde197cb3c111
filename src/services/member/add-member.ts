import { roomTemplate } from "../../config/room-template.ts";
import { findPerson } from "../../db/repositories/cases.ts";
import { enterPerson, lockCase } from "../../db/repositories/members.ts";
import { describePerson, type Person, type PersonProfile } from "../../domain/case/person.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { newId, PersonId, serverOf, type UserId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import type { CaseWork } from "../work.ts";
import { changeSeats, type Registry } from "./case-seats.ts";

export interface AddedMember {
  readonly person: Person;
  /** Names of the rooms of everybody's knowledge to which the person is invited. */
  readonly rooms: readonly string[];
}

/**
 * Puts a person on the roster and invites them to the rooms of their role. Nobody reads what was said
 * before they came (`history_visibility: joined`).
 *
 * @throws RogatoryError `member.bot`, `member.known` or `member.closed`
 */
export async function addMember(
  work: CaseWork,
  registry: Registry,
  userId: UserId,
  profile: PersonProfile,
): Promise<AddedMember> {
  await lockCase(work.db, work.caseId);
  await refuse(work, registry, userId);
  const person = await enterPerson(work.db, work.seal, {
    id: newId(PersonId),
    caseId: work.caseId,
    userId,
    profile,
  });
  const seats = await changeSeats(work, registry, userId, undefined, profile);
  const rooms = seats.map(({ name }) => name);
  await logAct(work, "member.add", { member: userId, profile, rooms });
  return {
    person,
    rooms: seats.filter(({ entry }) => !entry.outsideSpace).map(({ name }) => name),
  };
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
