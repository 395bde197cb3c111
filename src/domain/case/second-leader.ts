import type { UserId } from "../ids.ts";
import type { Person, PersonProfile } from "./person.ts";
import { affiliationOf } from "./roster.ts";

/** Who alone has made whom a leader, by the person who was made one. */
export type LeaderMakers = ReadonlyMap<UserId, UserId>;

/**
 * Whether two leaders count as one: whom a leader has made one alone is no second to that leader, nor to
 * anybody else whom the same leader has made.
 */
export function speakAsOne(one: UserId, other: UserId, makers: LeaderMakers): boolean {
  const voices = new Set(makersOf(one, makers));
  return makersOf(other, makers).some((userId) => voices.has(userId));
}

/** A person, who has made them a leader, who has made those, and so on. */
function makersOf(userId: UserId, makers: LeaderMakers): readonly UserId[] {
  const chain: UserId[] = [];
  let next: UserId | undefined = userId;
  // Two people may have made each other leaders at different times.
  while (next !== undefined && !chain.includes(next)) {
    chain.push(next);
    next = makers.get(next);
  }
  return chain;
}

/** A wish that waits for a second leader. */
export interface Wish {
  /** Undefined when an operator asked. */
  readonly askedBy: UserId | undefined;
  /** Whom it is about; they do not decide it. */
  readonly concerned?: UserId | undefined;
  /** The State or body that is to have one leader more or less: its own leaders decide that, where it has any. */
  readonly affiliation?: string | undefined;
}

/**
 * The leaders any of whom can agree to what another one has asked for. Where a State or body has nobody
 * to decide who leads for it, that is a leader of a third one, and one of the asker's own only where
 * there is no third. Nobody keeps the leading role by means of one whom they have made a leader.
 */
export function secondLeaders(
  roster: readonly Person[],
  leads: (role: string) => boolean,
  makers: LeaderMakers,
  { askedBy, concerned, affiliation }: Wish,
): readonly Person[] {
  const others = roster.filter(
    ({ userId, profile }) => leads(profile.role) && userId !== askedBy && userId !== concerned,
  );
  const isOf = (wanted: string | undefined) => (one: Person) =>
    wanted !== undefined && affiliationOf(one.profile) === wanted;
  const leaving = roster.find(({ userId, profile }) => userId === concerned && leads(profile.role));
  const own = others
    .filter(isOf(affiliation))
    .filter(({ userId }) => leaving === undefined || !speakAsOne(userId, leaving.userId, makers));
  const asker = roster.find(({ userId }) => userId === askedBy);
  const isOfAsker = isOf(asker && affiliationOf(asker.profile));
  const third = affiliation === undefined ? others : others.filter((one) => !isOfAsker(one));
  const isSecond = ({ userId }: Person) =>
    askedBy === undefined || !speakAsOne(userId, askedBy, makers);
  return (
    [own, third.filter(isSecond), others].find((few) => few.length > 0)?.filter(isSecond) ?? []
  );
}

/**
 * Why a leading role cannot be given to somebody, or taken from them, by one leader alone; undefined if
 * that is all right. Each State and body says itself who answers for it: otherwise one leader could leave
 * another State with the leader of their choice, whom two then remove.
 *
 * @param asker whoever is about to change the role
 * @param profile of the person, with the leading role
 */
export function foreignLeader(
  asker: PersonProfile | undefined,
  profile: PersonProfile,
  leads: (role: string) => boolean,
  change: "gives" | "takes",
): string | undefined {
  const affiliation = affiliationOf(profile);
  if (!leads(profile.role)) return undefined;
  if (asker !== undefined && affiliationOf(asker) === affiliation) return undefined;
  const what =
    change === "gives"
      ? `gives ${affiliation ?? "the case"} another leader`
      : `takes a leader from ${affiliation ?? "the case"}`;
  return `it ${what}, and you do not come for ${affiliation ?? "it"}`;
}
