import { isDeepStrictEqual } from "node:util";
import { listPeople } from "../../db/repositories/cases.ts";
import { lockCase, updateProfile } from "../../db/repositories/members.ts";
import { type Person, type PersonDetails, PersonProfile } from "../../domain/case/person.ts";
import { findMember } from "../../domain/case/roster.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { logAct } from "../acts.ts";
import type { CaseWork } from "../work.ts";

export interface ChangedDetails {
  /** As it was, and as it is. */
  readonly before: Person;
  readonly after: Person;
}

/**
 * Corrects what the roster says of a person. Role, State and body are none of it: rooms, powers and
 * votes follow from them.
 *
 * @param said a Matrix id or its first part
 * @throws RogatoryError `member.unknown`, `member.same-details`, `member.details`
 */
export async function changeDetails(
  work: CaseWork,
  said: string,
  details: PersonDetails,
): Promise<ChangedDetails> {
  await lockCase(work.db, work.caseId);
  const before = findMember(said, await listPeople(work.db, work.seal, work.caseId));
  const profile = PersonProfile.safeParse({ ...before.profile, ...details });
  if (!profile.success) {
    throw new RogatoryError("member.details", "The function has between 1 and 200 letters.");
  }
  if (isDeepStrictEqual(profile.data, before.profile)) {
    throw new RogatoryError(
      "member.same-details",
      `The roster says this of ${before.userId} already: nothing is changed.`,
    );
  }
  await updateProfile(work.db, work.seal, before.id, profile.data);
  const after = { ...before, profile: profile.data };
  await logAct(work, "member.change", {
    member: before.userId,
    from: detailsOf(before.profile, details),
    to: detailsOf(after.profile, details),
  });
  return { before, after };
}

function detailsOf(profile: PersonProfile, { function: what, languages, timeZone }: PersonDetails) {
  return {
    ...(what === undefined ? {} : { function: profile.function }),
    ...(languages === undefined ? {} : { languages: profile.languages }),
    ...(timeZone === undefined ? {} : { timeZone: profile.timeZone }),
  };
}
