import { serverOf, type UserId } from "../ids.ts";

/** How people of the deployment's own homeserver come into rooms: configuration. */
export type LocalWay = "invited" | "by-space" | "joined";

/**
 * How a person comes into the rooms of a case: by an invitation to each, by one invitation to the
 * space, from which they join what is open to its members, or joined by the registrar.
 */
export type Way = LocalWay;

/** What decides how people come in. */
export interface WaysIn {
  readonly serverName: string;
  readonly localPeople: LocalWay;
}

/**
 * A homeserver limits how often each of its people is invited from outside, and nobody else can join
 * them: people of other homeservers get one invitation.
 */
export function wayOf(userId: UserId, { serverName, localPeople }: WaysIn): Way {
  return serverOf(userId) === serverName ? localPeople : "by-space";
}

/** What a room's template says about who may come into it. */
interface RoomRules {
  readonly kind: string;
  readonly roles: "all" | readonly string[];
  readonly outsideSpace: boolean;
}

/**
 * Whether the members of the space join a room without an invitation (join rule `restricted`). What
 * only some of them may see needs one.
 */
export function isOpenToSpace({ kind, roles, outsideSpace }: RoomRules): boolean {
  return kind !== "space" && roles === "all" && !outsideSpace;
}
