import type { Line } from "../documents/message/outcome.ts";
import { StateCode, stateName } from "../domain/request/states.ts";
import { formatDate } from "../domain/time/format.ts";
import type { ShownAgreement } from "../services/case/agreement.ts";

const standing = {
  draft: "draft",
  signed: "signed, and in force from its first day on",
  "in-force": "in force",
  over: "over",
} as const;

export function agreementFields(shown: ShownAgreement): readonly (readonly [string, Line])[] {
  const { state, agreement, leaders, administrators, daysLeft } = shown;
  const period = agreement?.period;
  return [
    ["Agreement", state.agreement === undefined ? "none" : standing[state.agreement]],
    ["Parties", agreement === undefined ? "not written down yet" : partyNames(agreement.parties)],
    ["Purpose", agreement?.purpose ?? "not written down yet"],
    ["Period", period === undefined ? "not written down yet" : periodText(period, daysLeft)],
    ["Leaders", leaders.length === 0 ? "nobody" : leaders.join("; ")],
    ["Administrator", administrators.length === 0 ? "nobody" : administrators.join("; ")],
  ];
}

export function partyNames(parties: readonly string[]): string {
  return parties
    .map((party) => {
      const known = StateCode.safeParse(party);
      return known.success ? stateName(known.data) : party;
    })
    .join(", ");
}

function periodText(
  { from, to }: { readonly from: string; readonly to: string },
  left: number | undefined,
): string {
  const [first, last] = [from, to].map((day) => formatDate(Temporal.PlainDate.from(day)));
  const rest =
    left === undefined || left < 0 ? "over" : `${left} ${left === 1 ? "day" : "days"} left`;
  return `${first} to ${last} (${rest})`;
}
