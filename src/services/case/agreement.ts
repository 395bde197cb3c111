import { roomTemplate } from "../../config/room-template.ts";
import { findCase, listPeople, updateCaseProfile } from "../../db/repositories/cases.ts";
import { lockCase } from "../../db/repositories/members.ts";
import { beginningOfAgreement, daysLeft } from "../../domain/case/agreement.ts";
import { type Case, JitAgreement } from "../../domain/case/case.ts";
import { type CaseState, isBinding, stateNameOf, stateOf } from "../../domain/case/life.ts";
import { describePerson } from "../../domain/case/person.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { formatDate } from "../../domain/time/format.ts";
import { logAct } from "../acts.ts";
import type { CaseWork } from "../work.ts";
import { planAgreement } from "./agreement-timers.ts";

export interface ShownAgreement {
  readonly state: CaseState;
  readonly agreement: JitAgreement | undefined;
  /** Of the roster, by function and affiliation. */
  readonly leaders: readonly string[];
  readonly administrators: readonly string[];
  /** Calendar days to the last one; undefined without a period. */
  readonly daysLeft: number | undefined;
}

/** @throws RogatoryError `case.no-agreement` in a kind of case that has none */
export async function showAgreement(work: CaseWork, of: Case): Promise<ShownAgreement> {
  const { life, roles } = roomTemplate(of.template);
  requireAgreements(of);
  const people = await listPeople(work.db, work.seal, work.caseId);
  const named = (flag: "leads" | "administers") =>
    people
      .filter(({ profile: { role } }) => roles[role]?.[flag] === true)
      .map(({ profile }) => describePerson(profile));
  const { agreement, timeZone } = of.profile;
  const period = agreement?.period;
  return {
    state: stateOf(life, stateNameOf(life, of.state)),
    agreement,
    leaders: named("leads"),
    administrators: named("administers"),
    daysLeft: period === undefined ? undefined : daysLeft(period.to, work.now, timeZone),
  };
}

/**
 * Writes what the draft agreement fixes; from its signature on only an extension changes it.
 *
 * @throws RogatoryError `case.agreement-signed`, `case.agreement-invalid`
 */
export async function setAgreement(work: CaseWork, wanted: JitAgreement): Promise<Case> {
  const present = await lockAndRead(work);
  requireAgreements(present);
  requireDraft(present);
  const agreement = JitAgreement.safeParse(wanted);
  if (!agreement.success) {
    throw new RogatoryError(
      "case.agreement-invalid",
      "Write at least two different States by their two letters, then the first day, the last day, and the purpose in at most 2000 letters.",
    );
  }
  const { parties, period } = agreement.data;
  if (new Set(parties).size !== parties.length) {
    throw new RogatoryError("case.agreement-invalid", "A State stands there twice: write it once.");
  }
  if (period !== undefined && period.to < period.from) {
    throw new RogatoryError(
      "case.agreement-invalid",
      "The last day is before the first: write the first day, then the last.",
    );
  }
  return saveAgreement(work, present, agreement.data, "agreement.set");
}

/** Keeps what the agreement fixes now, sets its alarms, and logs the act with both. */
export async function saveAgreement(
  work: CaseWork,
  present: Case,
  agreement: JitAgreement,
  act: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<Case> {
  const changed: Case = { ...present, profile: { ...present.profile, agreement } };
  await updateCaseProfile(work.db, work.seal, work.caseId, changed.profile);
  await planAgreement(work, changed);
  const before = present.profile.agreement ?? null;
  await logAct(work, act, { before, after: agreement, ...details });
  return changed;
}

/** The case as it is when nobody else can change it any more. */
export async function lockAndRead({ db, vault, caseId }: CaseWork): Promise<Case> {
  await lockCase(db, caseId);
  const open = await findCase(db, vault, caseId);
  if (open === undefined) throw new RogatoryError("case.unknown", "There is no such case.");
  return open.case;
}

/** @throws RogatoryError `case.no-agreement` */
export function requireAgreements({ template }: Case): void {
  if (roomTemplate(template).life.agreement !== undefined) return;
  throw new RogatoryError("case.no-agreement", "This kind of case has no JIT agreement.");
}

/**
 * What is signed is in force from the first day of its period on.
 *
 * @throws RogatoryError `case.agreement-early`
 */
export function refuseEarly(
  { profile: { agreement, timeZone } }: Pick<Case, "profile">,
  state: CaseState,
  now: Temporal.Instant,
): void {
  const first = agreement?.period?.from;
  if (state.agreement !== "in-force" || first === undefined) return;
  if (Temporal.Instant.compare(beginningOfAgreement(first, timeZone), now) <= 0) return;
  throw new RogatoryError(
    "case.agreement-early",
    `The JIT agreement is in force from ${formatDate(Temporal.PlainDate.from(first))} on: until then the case is not ${state.title}. What a signed case allows does not wait for it.`,
  );
}

function requireDraft({ template, state: stored }: Case): void {
  const { life } = roomTemplate(template);
  const state = stateOf(life, stateNameOf(life, stored));
  if (state.agreement === "draft") return;
  throw new RogatoryError(
    isBinding(state) ? "case.agreement-signed" : "case.agreement-over",
    "The agreement is signed: only an extension (!case agreement extend) changes it here.",
  );
}
