import { z } from "zod";

const PlainDate = z.iso.date().transform((text) => Temporal.PlainDate.from(text));
const StateCode = z.string().regex(/^[A-Z]{2}$/, "a State is two capital letters of ISO 3166-1");

/** The content of `config/reports/eu-member-states.yaml`. */
export const EuMemberStates = z.strictObject({
  memberStates: z.array(
    z.strictObject({ code: StateCode, since: PlainDate, until: PlainDate.optional() }),
  ),
  aliases: z.record(StateCode, StateCode).default({}),
});
export type EuMemberStates = z.infer<typeof EuMemberStates>;

const Counted = z.strictObject({ one: z.string(), other: z.string() });

export const ParticipationWording = z.strictObject({
  memberStates: Counted,
  otherCountries: Counted,
  joiner: z.string(),
  none: z.string(),
});
export type ParticipationWording = z.infer<typeof ParticipationWording>;

export interface Participation {
  readonly memberStates: number;
  readonly otherCountries: number;
}

/** Counts the States of the delegations once each, by their membership on the first day of the meeting. */
export function countParticipation(
  delegations: Iterable<string>,
  onDay: Temporal.PlainDate,
  union: EuMemberStates,
): Participation {
  const states = new Set<string>();
  for (const code of delegations) {
    const upper = code.toUpperCase();
    states.add(union.aliases[upper] ?? upper);
  }
  const members = union.memberStates.filter(
    ({ code, since, until }) =>
      states.has(code) &&
      Temporal.PlainDate.compare(since, onDay) <= 0 &&
      (until === undefined || Temporal.PlainDate.compare(onDay, until) <= 0),
  ).length;
  return { memberStates: members, otherCountries: states.size - members };
}

/** `23 EU Member States and 8 non-EU countries`. */
export function formatParticipation(
  { memberStates, otherCountries }: Participation,
  wording: ParticipationWording,
): string {
  const parts = [
    formatCount(memberStates, wording.memberStates),
    formatCount(otherCountries, wording.otherCountries),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? wording.none : parts.join(wording.joiner);
}

function formatCount(count: number, wording: z.infer<typeof Counted>): string | undefined {
  if (count === 0) return undefined;
  return (count === 1 ? wording.one : wording.other).replaceAll("{count}", String(count));
}
