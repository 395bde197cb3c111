import { z } from "zod";
import { RogatoryError } from "../errors.ts";
import { InstrumentCode } from "../request/instrument.ts";
import { nearest } from "../text/nearest.ts";
import { Capability } from "./capability.ts";

/** One state in the life of a case: what may be done in it, and what can come after it. */
export const CaseState = z.strictObject({
  /** As people read it after "the case is". */
  title: z.string().min(1).max(60),
  next: z.array(z.string()).default([]),
  /** What its roles let people do is done in this state; everything else is refused. */
  allows: z.union([z.literal("all"), z.array(Capability)]),
  /** Which legal instruments can be drafted in it; all, if it is left out. */
  instruments: z
    .union([
      z.strictObject({ only: z.array(InstrumentCode) }),
      z.strictObject({ except: z.array(InstrumentCode) }),
    ])
    .optional(),
  /** Coming into it cannot be undone: two leaders decide it. */
  secondLeader: z.boolean().default(false),
  /**
   * How it stands with the JIT agreement; left out where there is none. A signed one is fixed, and in
   * force from the first day of its period on, not before.
   */
  agreement: z.enum(["draft", "signed", "in-force", "over"]).optional(),
  /** The end: everybody is taken out of the rooms, and retention times run. */
  final: z.boolean().default(false),
});
export type CaseState = z.infer<typeof CaseState>;

/** Alarms before the end of a JIT agreement, and what happens at its end. */
const AgreementRules = z.strictObject({
  /** Days before the end. */
  alarmDays: z.array(z.int().positive().max(999)).min(1),
  /** When on such a day, in the time zone of the case. */
  alarmTime: z.iso.time({ precision: -1 }),
  /** The state into which a case goes by itself when its agreement ends without an extension. */
  lapseTo: z.string(),
});

const closed = ["help.read", "member.read", "case.read"] as const;

/** The states of a kind of case and what happens in the course of time. The first state is the beginning. */
export const CaseLife = z
  .strictObject({
    states: z.record(z.string().regex(/^[a-z][a-z-]*$/), CaseState),
    agreement: AgreementRules.optional(),
    /** How long people can still read their rooms when the case has come to its end. */
    emptyAfterMinutes: z.int().min(1).max(10_000).default(5),
    /** Classes of `config/retention.yaml`, and the state with which the time of each begins. */
    retention: z.array(z.strictObject({ class: z.string(), from: z.string() })).default([]),
  })
  .default({
    states: {
      open: {
        ...{ title: "open", next: ["closed"], allows: "all" },
        ...{ secondLeader: false, final: false },
      },
      closed: {
        ...{ title: "closed", next: [], allows: [...closed] },
        ...{ secondLeader: true, final: true },
      },
    },
    emptyAfterMinutes: 5,
    retention: [],
  })
  .superRefine((life, context) => {
    for (const { path, message } of lifeProblems(life)) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  });
export type CaseLife = z.infer<typeof CaseLife>;

interface LifeProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function lifeProblems({ states, agreement, retention }: CaseLife): readonly LifeProblem[] {
  const problems: LifeProblem[] = [];
  const mustExist = (name: string, ...path: readonly (string | number)[]) => {
    if (!(name in states)) problems.push({ path, message: `there is no state “${name}”` });
  };
  for (const [name, { next, final }] of Object.entries(states)) {
    for (const [index, other] of next.entries()) mustExist(other, "states", name, "next", index);
    if (final !== (next.length === 0)) {
      problems.push({
        path: ["states", name, "final"],
        message: "a final state has no next one, and every other state has",
      });
    }
  }
  if (!Object.values(states).some(({ final }) => final)) {
    problems.push({ path: ["states"], message: "a case needs a final state" });
  }
  if (agreement !== undefined) mustExist(agreement.lapseTo, "agreement", "lapseTo");
  for (const [index, { from }] of retention.entries()) mustExist(from, "retention", index, "from");
  return problems;
}

/** The name of the state in which a case is; the first, until somebody has said another. */
export function stateNameOf({ states }: CaseLife, stored: string | undefined): string {
  if (stored !== undefined && stored in states) return stored;
  return Object.keys(states)[0] ?? "";
}

/** @throws RogatoryError `case.state-unknown` with the nearest name */
export function stateOf({ states }: CaseLife, name: string): CaseState {
  const state = states[name];
  if (state !== undefined) return state;
  const names = Object.keys(states);
  const guess = nearest(name, names);
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  throw new RogatoryError(
    "case.state-unknown",
    `“${name}” is not a state of this kind of case: it is one of ${names.join(", ")}.${hint}`,
  );
}

export function isAllowed({ allows }: CaseState, capability: Capability): boolean {
  return allows === "all" || allows.includes(capability);
}

export function mayDraft(state: CaseState, instrument: InstrumentCode): boolean {
  const { instruments } = state;
  if (instruments === undefined) return true;
  if ("only" in instruments) return instruments.only.includes(instrument);
  return !instruments.except.includes(instrument);
}

/** Whether the parties have signed, and the period is not over: only an extension changes the agreement. */
export function isBinding({ agreement }: CaseState): boolean {
  return agreement === "signed" || agreement === "in-force";
}

/** The shortest way from a state to one that fits, without the beginning; undefined if there is none. */
export function wayTo(
  { states }: CaseLife,
  from: string,
  fits: (state: CaseState) => boolean,
): readonly string[] | undefined {
  const ways: (readonly string[])[] = [[]];
  const seen = new Set([from]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const state = states[way.at(-1) ?? from];
    if (state === undefined) continue;
    if (way.length > 0 && fits(state)) return way;
    for (const next of state.next) {
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** A sentence that says what to do first about something that a state does not allow. */
export function whatFirst(
  life: CaseLife,
  current: string,
  fits: (state: CaseState) => boolean,
): string {
  const way = wayTo(life, current, fits);
  if (way === undefined) return "It cannot be done any more.";
  const steps = way.map((name) => `!case state ${name}`).join(", then ");
  return `A leader or co-chair types first: ${steps}.`;
}

/**
 * Whether two leaders decide a transition: one that cannot be undone, or one that makes a draft of a
 * signed agreement again, which one of its parties alone could then rewrite.
 */
export function needsSecondLeader(life: CaseLife, from: string, to: string): boolean {
  const { agreement, secondLeader } = stateOf(life, to);
  return secondLeader || (isBinding(stateOf(life, from)) && agreement === "draft");
}

/** @throws RogatoryError `case.state-same`, `case.state-order`, `case.state-unknown` */
export function checkTransition(life: CaseLife, from: string, to: string): void {
  const target = stateOf(life, to);
  const present = stateOf(life, from);
  if (from === to) {
    throw new RogatoryError("case.state-same", `The case is ${present.title} already.`);
  }
  if (present.next.includes(to)) return;
  const way = wayTo(life, from, (state) => state === target);
  const after =
    way === undefined
      ? `it cannot become ${target.title} any more.`
      : `it becomes ${target.title} by ${way.map((name) => `!case state ${name}`).join(", then ")}.`;
  throw new RogatoryError("case.state-order", `The case is ${present.title}: ${after}`);
}
