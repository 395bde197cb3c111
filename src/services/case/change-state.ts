import { z } from "zod";
import { roomTemplate } from "../../config/room-template.ts";
import { transitions } from "../../db/repositories/case-changes.ts";
import { saveState } from "../../db/repositories/cases.ts";
import { lastDetails } from "../../db/repositories/journal.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import { endOfAgreement } from "../../domain/case/agreement.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import {
  type CaseState,
  checkTransition,
  isBinding,
  needsSecondLeader,
  stateNameOf,
  stateOf,
  whatFirst,
} from "../../domain/case/life.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { describeActor, logAct } from "../acts.ts";
import { endBoards } from "../board/show-boards.ts";
import type { Registry } from "../member/case-seats.ts";
import {
  CONFIRM_WITHIN_HOURS,
  confirmableUntil,
  isSecondLeader,
  mayStillAsk,
} from "../second-leader.ts";
import type { CaseWork } from "../work.ts";
import { lockAndRead, refuseEarly } from "./agreement.ts";
import { announce } from "./announce.ts";
import { postExport } from "./post-export.ts";
import { beginState, stopState } from "./retention.ts";

export interface Transition {
  /** The state, as the template names it. */
  readonly to: string;
  readonly reason?: string;
}

export type ChangedState =
  | { readonly kind: "done"; readonly state: CaseState; readonly emptyAfterMinutes: number }
  | {
      readonly kind: "waiting";
      readonly state: CaseState;
      readonly number: number;
      readonly until: Temporal.Instant;
    };

/** When somebody says it, and who reads the answer. */
export interface Said {
  readonly at: Temporal.Instant;
  /** Absent where nobody else reads it: on the command line, in a direct conversation. */
  readonly answeredIn: CaseRoom | undefined;
}

/**
 * Brings the case into another state. What two leaders decide waits for the second; an operator, who
 * could shred the case as well, decides alone and says why.
 *
 * @throws RogatoryError `case.state-same`, `case.state-order`, `case.state-unknown`,
 *   `case.agreement-missing`, `case.agreement-over`, `case.agreement-early`
 */
export async function changeState(
  work: CaseWork,
  registry: Registry,
  transition: Transition,
  said: Said,
): Promise<ChangedState> {
  const present = await lockAndRead(work);
  const { life } = roomTemplate(present.template);
  const from = stateNameOf(life, present.state);
  checkTransition(life, from, transition.to);
  const state = stateOf(life, transition.to);
  checkAgreement(work, present, state);
  if (!needsSecondLeader(life, from, transition.to) || work.actor.kind !== "person") {
    return apply(work, registry, present, transition, said.answeredIn, {});
  }
  const number = await transitions.insert(work.db, work.seal, work.caseId, {
    ...transition,
    askedBy: work.actor.userId,
    askedAt: said.at.toString(),
  });
  await logAct(work, "case.ask", { ...transition, number });
  return { kind: "waiting", state, number, until: confirmableUntil(said.at) };
}

/**
 * Carries out the transition that another leader has asked for.
 *
 * @throws RogatoryError `case.change-unknown`, `case.change-late`, `case.change-asker`,
 *   `case.change-second`, and as changeState
 */
export async function confirmTransition(
  work: CaseWork,
  registry: Registry,
  number: number,
  said: Said,
): Promise<ChangedState> {
  const present = await lockAndRead(work);
  const pending = await transitions.find(work.db, work.seal, work.caseId, number);
  if (pending === undefined) {
    throw new RogatoryError(
      "case.change-unknown",
      `Nothing with the number ${number} waits for a confirmation: ask for the change again.`,
    );
  }
  const { askedBy, askedAt, ...transition } = pending;
  const until = confirmableUntil(Temporal.Instant.from(askedAt));
  if (Temporal.Instant.compare(said.at, until) > 0) {
    throw new RogatoryError(
      "case.change-late",
      `The change ${number} was not confirmed within ${CONFIRM_WITHIN_HOURS} hours: ask for it again.`,
    );
  }
  if (!(await mayStillAsk(work, present.template, { askedBy }, "case.manage"))) {
    throw new RogatoryError(
      "case.change-asker",
      "Whoever asked for this may not do so any more: ask for the change again.",
    );
  }
  if (!(await isSecondLeader(work, present.template, { askedBy }))) {
    throw new RogatoryError(
      "case.change-second",
      "This has to be confirmed by another leader or co-chair than the one who asked for it. Whom that one has made a leader alone does not count, nor whoever made that one.",
    );
  }
  const { life } = roomTemplate(present.template);
  checkTransition(life, stateNameOf(life, present.state), transition.to);
  checkAgreement(work, present, stateOf(life, transition.to));
  const by = { number, askedBy: askedBy ?? "operator" };
  return apply(work, registry, present, transition, said.answeredIn, by);
}

/**
 * Brings a case whose JIT agreement has come to its end into the state that its template names for that.
 *
 * @returns the state; undefined if the agreement is not in force, or not over
 */
export async function lapse(work: CaseWork): Promise<CaseState | undefined> {
  const present = await lockAndRead(work);
  const { life } = roomTemplate(present.template);
  const name = stateNameOf(life, present.state);
  const period = present.profile.agreement?.period;
  if (life.agreement === undefined || period === undefined) return undefined;
  if (!isBinding(stateOf(life, name))) return undefined;
  const end = endOfAgreement(period.to, present.profile.timeZone);
  if (Temporal.Instant.compare(work.now, end) < 0) return undefined;
  const { lapseTo } = life.agreement;
  await enter(work, present, lapseTo, { from: name, agreementEnded: period.to });
  return stateOf(life, lapseTo);
}

const Lapse = z.object({ to: z.string(), from: z.string(), agreementEnded: z.string() });

/** The state in which a case was before its agreement came to that end; undefined if that is not why it left it. */
export async function stateBeforeLapse(
  { db, seal, caseId }: CaseWork,
  { template, state }: Case,
  lastDay: string,
): Promise<string | undefined> {
  const { life } = roomTemplate(template);
  const last = await lastDetails(db, seal, { caseId, act: "case.state" }, Lapse);
  if (last?.agreementEnded !== lastDay || last.to !== stateNameOf(life, state)) return undefined;
  return last.from in life.states ? last.from : undefined;
}

/** Brings a case back whose agreement was extended in time, which was not known at its end. */
export async function undoLapse(work: CaseWork, of: Case, to: string): Promise<Case> {
  const { life } = roomTemplate(of.template);
  const from = stateNameOf(life, of.state);
  await stopState(work, of, from);
  await enter(work, of, to, { from, agreementExtended: true });
  return { ...of, state: to };
}

function checkAgreement({ now }: CaseWork, of: Case, target: CaseState): void {
  const { life } = roomTemplate(of.template);
  const present = stateOf(life, stateNameOf(life, of.state));
  if (!isBinding(target) || present.agreement === target.agreement) return;
  const period = of.profile.agreement?.period;
  if (period === undefined) {
    throw new RogatoryError(
      "case.agreement-missing",
      "The case has no JIT agreement with a period yet. Type what it fixes: !case agreement set <States> <first day> <last day> <purpose>.",
    );
  }
  if (Temporal.Instant.compare(endOfAgreement(period.to, of.profile.timeZone), now) <= 0) {
    throw new RogatoryError(
      "case.agreement-over",
      "The period of the JIT agreement is over: correct it with !case agreement set first.",
    );
  }
  refuseEarly(of, target, now);
}

async function apply(
  work: CaseWork,
  registry: Registry,
  of: Case,
  { to, reason }: Transition,
  answeredIn: CaseRoom | undefined,
  confirmed: Readonly<Record<string, unknown>>,
): Promise<ChangedState> {
  const { life } = roomTemplate(of.template);
  const from = stateNameOf(life, of.state);
  const because = reason === undefined ? {} : { reason };
  const operator = work.actor.kind === "operator" ? { justification: work.actor.reason } : {};
  await enter(work, of, to, { from, ...because, ...operator, ...confirmed });
  const state = stateOf(life, to);
  if (state.final) await postExport(work, registry, { ...of, state: to });
  await announce(
    work,
    registry,
    answer(
      paragraph("The case is now ", strong(state.title), `. Decided by: ${await decider(work)}.`),
      ...stateNotes(state, life.emptyAfterMinutes).map((note) => paragraph(note)),
    ),
    answeredIn,
  );
  return { kind: "done", state, emptyAfterMinutes: life.emptyAfterMinutes };
}

function decider(work: CaseWork): Promise<string> {
  return work.actor.kind === "operator" ? Promise.resolve("an operator") : describeActor(work);
}

/** What everybody must know when a state begins. */
export function stateNotes(state: CaseState, emptyAfterMinutes: number): readonly string[] {
  if (!state.final) return [];
  return [
    `Everybody is taken out of all its rooms in ${emptyAfterMinutes} minutes. What was received stays on people's own devices.`,
    "What is kept of it is destroyed class by class when its retention time is over; operators then have a certificate.",
  ];
}

async function enter(
  work: CaseWork,
  of: Case,
  to: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await saveState(work.db, work.caseId, to);
  // What was asked for before a transition has happened is not confirmed after it.
  await transitions.resolve(work.db, work.caseId, work.now);
  await beginState(work, of, to);
  if (stateOf(roomTemplate(of.template).life, to).final) await endBoards(work);
  await logAct(work, "case.state", { to, ...details });
}

/** What can be typed next; empty at the end. */
export function nextStates(of: Case): readonly { readonly name: string; readonly title: string }[] {
  const { life } = roomTemplate(of.template);
  const state = stateOf(life, stateNameOf(life, of.state));
  return state.next.map((name) => ({ name, title: stateOf(life, name).title }));
}

/** @throws RogatoryError `case.state-order` if something else comes first */
export function finalStateAfter(of: Case): string {
  const { life } = roomTemplate(of.template);
  const present = stateNameOf(life, of.state);
  const { next, title, final } = stateOf(life, present);
  const name = final ? present : next.find((other) => stateOf(life, other).final);
  if (name !== undefined) return name;
  throw new RogatoryError(
    "case.state-order",
    `The case is ${title}, and is not closed from there at once. ${whatFirst(life, present, ({ next: later }) => later.some((other) => stateOf(life, other).final))}`,
  );
}
