import { roomTemplate } from "../../config/room-template.ts";
import { findCase, listPeople, updateCaseProfile } from "../../db/repositories/cases.ts";
import { lockCase } from "../../db/repositories/members.ts";
import { daysLeft } from "../../domain/case/agreement.ts";
import { type Case, JitAgreement } from "../../domain/case/case.ts";
import { type CaseState, stateNameOf, stateOf, whatFirst } from "../../domain/case/life.ts";
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
  requireAgreementState(
    present,
    "draft",
    "The agreement is signed: only an extension (!case agreement extend) changes it here.",
  );
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
  return save(work, present, agreement.data, "agreement.set");
}

/**
 * Extends the period of the agreement, as the parties have agreed on Appendix II.
 *
 * @throws RogatoryError `case.agreement-missing`, `case.agreement-over`, `case.agreement-earlier`
 */
export async function extendAgreement(work: CaseWork, to: Temporal.PlainDate): Promise<Case> {
  const present = await lockAndRead(work);
  requireAgreements(present);
  const { agreement } = present.profile;
  const period = agreement?.period;
  if (agreement === undefined || period === undefined) {
    throw new RogatoryError(
      "case.agreement-missing",
      "The case has no JIT agreement with a period yet: !case agreement set writes it down.",
    );
  }
  requireAgreementState(
    present,
    "in-force",
    "An agreement that is not in force is not extended. Before the signatures !case agreement set changes its period; after its end the parties make a new agreement, for a new case.",
  );
  const last = Temporal.PlainDate.from(period.to);
  if (Temporal.PlainDate.compare(to, last) <= 0) {
    throw new RogatoryError(
      "case.agreement-earlier",
      `The agreement runs until ${formatDate(last)} already: name a later day.`,
    );
  }
  const extended = { ...agreement, period: { from: period.from, to: to.toString() } };
  return save(work, present, extended, "agreement.extend");
}

async function save(
  work: CaseWork,
  present: Case,
  agreement: JitAgreement,
  act: string,
): Promise<Case> {
  const changed: Case = { ...present, profile: { ...present.profile, agreement } };
  await updateCaseProfile(work.db, work.seal, work.caseId, changed.profile);
  await planAgreement(work, changed);
  await logAct(work, act, { before: present.profile.agreement ?? null, after: agreement });
  return changed;
}

async function lockAndRead({ db, vault, caseId }: CaseWork): Promise<Case> {
  await lockCase(db, caseId);
  const open = await findCase(db, vault, caseId);
  if (open === undefined) throw new RogatoryError("case.unknown", "There is no such case.");
  return open.case;
}

function requireAgreements({ template }: Case): void {
  if (roomTemplate(template).life.agreement !== undefined) return;
  throw new RogatoryError("case.no-agreement", "This kind of case has no JIT agreement.");
}

function requireAgreementState(
  of: Case,
  wanted: NonNullable<CaseState["agreement"]>,
  sentence: string,
): void {
  const { life } = roomTemplate(of.template);
  const name = stateNameOf(life, of.state);
  const state = stateOf(life, name);
  if (state.agreement === wanted) return;
  const code = state.agreement === "in-force" ? "case.agreement-signed" : "case.agreement-over";
  const hint =
    wanted === "in-force" && state.agreement === "draft"
      ? ` ${whatFirst(life, name, ({ agreement }) => agreement === wanted)}`
      : "";
  throw new RogatoryError(
    state.agreement === "draft" ? "case.agreement-draft" : code,
    `${sentence}${hint}`,
  );
}
