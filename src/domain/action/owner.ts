import { describePerson, type Person } from "../case/person.ts";
import { RogatoryError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";
import type { ActionOwner } from "./action.ts";

/**
 * Finds who was meant: a Matrix id or its name (`nightjar-ro-pros`), its last part (`RO-PROS`), a
 * function, or a State or body, which stands for all its people when it has several.
 *
 * @throws RogatoryError `action.owner` with the nearest name on the roster
 */
export function findOwner(said: string, roster: readonly Person[]): ActionOwner {
  const wanted = said.replace(/^@/, "").toLowerCase();
  const names = roster.map((person) => ({ person, names: namesOf(person) }));
  const byName = only(names.filter(({ names: { full } }) => full.includes(wanted)));
  if (byName !== undefined) return ownerOf(byName.person);

  // Before the last parts of names: "RO" is Romania, and not whoever is called ...-ro.
  const together = roster.filter(({ profile }) => affiliation(profile)?.toLowerCase() === wanted);
  const single = only(together);
  if (single !== undefined) return ownerOf(single);
  const label = together[0] === undefined ? undefined : affiliation(together[0].profile);
  if (label !== undefined) return { label };

  const byPart = only(names.filter(({ names: { short } }) => short.includes(wanted)));
  if (byPart !== undefined) return ownerOf(byPart.person);

  const known = roster.map(shortName);
  const guess = nearest(wanted, known);
  const hint =
    guess === undefined
      ? `Use one of ${[...new Set(known)].join(", ")}.`
      : `Did you mean @${guess}?`;
  throw new RogatoryError("action.owner", `“${said}” is not on the roster of this case. ${hint}`);
}

export function ownerOf(person: Person): ActionOwner {
  return { label: describePerson(person.profile), userId: person.userId };
}

function namesOf({ userId, profile }: Person) {
  const localpart = localpartOf(userId).toLowerCase();
  const parts = localpart.split("-");
  return {
    full: [userId.slice(1).toLowerCase(), localpart],
    short: [
      ...parts.slice(1).map((_, index) => parts.slice(index + 1).join("-")),
      profile.function.toLowerCase(),
      describePerson(profile).toLowerCase(),
    ],
  };
}

function shortName({ userId }: Person): string {
  const [first = "", ...others] = localpartOf(userId).split("-");
  return (others.length === 0 ? first : others.join("-")).toUpperCase();
}

function localpartOf(userId: string): string {
  return userId.slice(1).split(":", 1)[0] ?? "";
}

function affiliation(profile: Person["profile"]): string | undefined {
  return profile.state ?? profile.body;
}

function only<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}
