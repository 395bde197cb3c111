import type { Finding } from "./findings.ts";

/** What is remembered of a finding between two looks. */
export interface FindingHistory {
  readonly since: Temporal.Instant;
  readonly endedAt: Temporal.Instant | undefined;
  readonly toldAt: Temporal.Instant | undefined;
  readonly repairedEvidence: string | undefined;
  readonly repairedAt: Temporal.Instant | undefined;
  readonly repairedBefore: Temporal.Instant | undefined;
}

export type Decision =
  /** Repair it now; tell people as well where `tell` says so. */
  | { readonly kind: "repair"; readonly tell: boolean }
  /** Tell people, once for as long as it lasts. */
  | { readonly kind: "tell"; readonly why: "not-ours" | "again" | "in-vain" }
  | { readonly kind: "wait" };

/** The same drift is repaired so often within an hour, and then people have to see to it. */
const REPAIRS_AN_HOUR = 2;
const HOUR = 60;
/** A repair takes a moment, and a new device of somebody is signed a moment after it was made. */
const PATIENCE_MINUTES = 10;

/**
 * What to do about a finding. A repair is never fought over: the third time within an hour people are
 * told instead. Only whoever is barred is taken out each time, and people are told from the third on;
 * of a stranger in a room that nobody but us lets people into, from the first.
 *
 * @param known undefined if it was never found before
 * @param failed whether the last repair was given up
 */
export function decide(
  finding: Pick<Finding, "kind" | "evidence" | "remedy">,
  known: FindingHistory | undefined,
  now: Temporal.Instant,
  failed = false,
): Decision {
  const lasting = known?.endedAt === undefined ? known : undefined;
  const told = lasting?.toldAt !== undefined;
  if (finding.remedy.kind === "tell") {
    if (told) return wait;
    const isNew = lasting === undefined || minutes(lasting.since, now) < PATIENCE_MINUTES;
    return finding.kind === "unsigned-device" && isNew ? wait : { kind: "tell", why: "not-ours" };
  }
  if (lasting?.repairedEvidence === finding.evidence && lasting.repairedAt !== undefined) {
    const tired = failed || minutes(lasting.repairedAt, now) >= PATIENCE_MINUTES;
    return tired && !told ? { kind: "tell", why: "in-vain" } : wait;
  }
  const recent = [known?.repairedAt, known?.repairedBefore].filter(
    (at) => at !== undefined && minutes(at, now) < HOUR,
  );
  if (finding.remedy.kind === "kick") {
    // What was taken from somebody is kept from them, however often others let them in; people hear of it.
    const toldLately = known?.toldAt !== undefined && minutes(known.toldAt, now) < HOUR;
    const isWorthTelling = finding.kind === "outsider" || recent.length >= REPAIRS_AN_HOUR;
    return { kind: "repair", tell: isWorthTelling && !toldLately };
  }
  if (recent.length >= REPAIRS_AN_HOUR) return told ? wait : { kind: "tell", why: "again" };
  return { kind: "repair", tell: finding.remedy.kind === "remove" && !told };
}

const wait = { kind: "wait" } as const;

function minutes(from: Temporal.Instant, to: Temporal.Instant): number {
  return from.until(to).total("minutes");
}
