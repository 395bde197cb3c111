import { RogatoryError } from "../errors.ts";
import { UserId } from "../ids.ts";
import { nearest } from "../text/nearest.ts";
import { describePerson, type Person, type PersonProfile } from "./person.ts";

/** How clients write a mention: a link with the Matrix id ("matrix.to navigation"). */
const LINK = /^https:\/\/matrix\.to\/#\/([^?]+)/;

/** The Matrix id that was typed, or undefined if it is none. */
export function readUserId(said: string): UserId | undefined {
  const link = LINK.exec(said)?.[1];
  return UserId.safeParse(link === undefined ? said : safelyDecoded(link)).data;
}

/**
 * Finds whom somebody means by a Matrix id, or by its first part where only one person has it.
 *
 * @throws RogatoryError `member.unknown` with the nearest id
 */
export function findMember(said: string, roster: readonly Person[]): Person {
  const wanted = (readUserId(said) ?? `@${said.replace(/^@/, "")}`).toLowerCase();
  const full = roster.find(({ userId }) => userId.toLowerCase() === wanted);
  if (full !== undefined) return full;
  const [only, ...others] = roster.filter(({ userId }) => localpartOf(userId) === wanted);
  if (only !== undefined && others.length === 0) return only;
  const guess = nearest(
    wanted,
    roster.map(({ userId }) => (wanted.includes(":") ? userId : localpartOf(userId))),
  );
  const hint = guess === undefined ? "!member list shows who is." : `Did you mean ${guess}?`;
  throw new RogatoryError("member.unknown", `“${said}” is not on the roster. ${hint}`);
}

function localpartOf(userId: string): string {
  return (userId.split(":", 1)[0] ?? userId).toLowerCase();
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The State or body for which a person speaks. */
export function affiliationOf({ state, body }: PersonProfile): string | undefined {
  return state ?? body;
}

/**
 * Why a person cannot be taken out of a leading role by one leader alone; undefined if that is all right.
 *
 * @param leads whether a role leads
 */
export function lastLeader(
  person: Person,
  roster: readonly Person[],
  leads: (role: string) => boolean,
): string | undefined {
  const affiliation = affiliationOf(person.profile);
  const others = roster.filter(
    ({ id, profile }) =>
      id !== person.id && leads(profile.role) && affiliationOf(profile) === affiliation,
  );
  if (!leads(person.profile.role) || others.length > 0) return undefined;
  return `${describePerson(person.profile)} is the last leader of ${affiliation ?? "the case"}`;
}
