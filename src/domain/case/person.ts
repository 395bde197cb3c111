import { z } from "zod";
import type { CaseId, PersonId, UserId } from "../ids.ts";
import { KeptState } from "../request/states.ts";

/** An IANA time zone, such as `Europe/Bucharest`. */
export const TimeZone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, "use an IANA time zone such as Europe/Bucharest");

/** What is known of a person on a roster: a function and an affiliation, never a personal name. */
export const PersonProfile = z.strictObject({
  /** For instance "Prosecutor, DIICOT". */
  function: z.string().min(1).max(200),
  /** ISO 3166-1 alpha-2 code of the State, for national delegations. */
  state: KeptState.optional(),
  /** For people who do not come for a State: Eurojust, Europol, UNODC, ... */
  body: z.string().min(1).max(100).optional(),
  role: z.string().min(1).max(50),
  languages: z.array(z.string().min(2).max(10)).default([]),
  timeZone: TimeZone,
});
export type PersonProfile = z.infer<typeof PersonProfile>;

/** What one leader corrects in a profile: nobody's rooms, powers or vote follow from it. */
export type PersonDetails = Partial<Pick<PersonProfile, "function" | "languages" | "timeZone">>;

export interface Person {
  readonly id: PersonId;
  readonly caseId: CaseId;
  readonly userId: UserId;
  readonly profile: PersonProfile;
}

/** How a person is called in answers: function and affiliation. */
export function describePerson(profile: PersonProfile): string {
  const affiliation = profile.state ?? profile.body;
  return affiliation === undefined ? profile.function : `${profile.function} (${affiliation})`;
}
