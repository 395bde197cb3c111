import type { StateCode } from "../request/states.ts";
import type { PersonProfile } from "./person.ts";

/** The two States of a bilateral room, in the order of their codes. */
export type StatePair = readonly [StateCode, StateCode];

export function statePair(one: StateCode, other: StateCode): StatePair {
  return one < other ? [one, other] : [other, one];
}

/** Whether a person has a seat in a room: by role, and in a room of two States by State as well. */
export function hasSeat(
  {
    roles,
    pair,
  }: { readonly roles: "all" | readonly string[]; readonly pair?: StatePair | undefined },
  { role, state }: Pick<PersonProfile, "role" | "state">,
): boolean {
  if (pair !== undefined && !pair.some((code) => code === state)) return false;
  return roles === "all" || roles.includes(role);
}
