import { z } from "zod";
import { UserId } from "../ids.ts";
import type { FixedSection } from "../report/agenda.ts";
import { findState, stateName, WrittenState } from "../request/states.ts";
import { nearest } from "../text/nearest.ts";
import { CaseProfile, JitAgreement } from "./case.ts";
import type { CaseLife } from "./life.ts";
import { PersonProfile, TimeZone } from "./person.ts";

/** So many people are on a roster at most. */
export const MOST_PEOPLE = 1000;

export const RosterEntry = z.strictObject({
  /** The whole Matrix id, for people of any homeserver. */
  matrixId: UserId.optional(),
  /** Only the name, for people of the deployment's own homeserver. */
  localpart: z
    .string()
    .regex(/^[a-z0-9._=/+-]+$/, "a localpart has small letters, digits and . _ = / + - only")
    .max(200)
    .optional(),
  ...PersonProfile.shape,
  state: WrittenState.optional(),
  timeZone: TimeZone.optional(),
});

export type RosterEntry = z.infer<typeof RosterEntry>;

/** What `rogatory case new --from FILE` reads: one case with its people. */
export const CaseFileContent = z.strictObject({
  template: z.string().regex(/^[a-z][a-z0-9-]*$/, "a template is a file name in config/rooms"),
  /** Where the case stands already, for a JIT that was signed or a meeting that began before. */
  state: z.string().optional(),
  ...CaseProfile.shape,
  agreement: JitAgreement.extend({ parties: z.array(WrittenState).min(2) }).optional(),
  roster: z.array(RosterEntry).min(1).max(MOST_PEOPLE),
});
export type CaseFileContent = z.infer<typeof CaseFileContent>;

/** A person who will be on the roster, with a full Matrix id and a time zone. */
export interface PlannedPerson {
  readonly userId: UserId;
  readonly profile: PersonProfile;
}

export interface CaseFile {
  readonly template: string;
  readonly state?: string | undefined;
  readonly profile: CaseProfile;
  readonly people: readonly PlannedPerson[];
}

/** What a case file may refer to. */
export interface CaseFileContext {
  /** Names of the templates that there are. */
  readonly templates: readonly string[];
  /** Of the file's own template, if it exists. */
  readonly template:
    | {
        readonly roles: readonly string[];
        readonly hasSectionRooms: boolean;
        /** Its states, for a case that does not stand at its beginning. */
        readonly life?: CaseLife;
        /** Whether people of other homeservers can join its rooms. */
        readonly federate: boolean;
      }
    | undefined;
  readonly reportTemplates: readonly string[];
  /** Sections that the file's report template has by itself; their codes are taken. */
  readonly fixedSections: readonly FixedSection[];
  /** The homeserver to which a `localpart` belongs. */
  readonly serverName: string;
  /** The bots: they are in the rooms anyway and cannot be on a roster. */
  readonly bots: readonly UserId[];
  /** How an entry of the roster is called in a sentence about another one; `roster[3]` if left out. */
  readonly nameEntry?: (index: number) => string;
}

export interface CaseFileProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Every rule that a well-formed case file breaks; nothing is created unless there is none. */
export function checkCaseFile(
  file: CaseFileContent,
  context: CaseFileContext,
): readonly CaseFileProblem[] {
  return [
    ...checkTemplates(file, context),
    ...checkState(file, context),
    ...checkPeriods(file),
    ...checkParties(file),
    ...checkAgenda(file, context),
    ...file.roster.flatMap((entry, index) => checkRosterEntry(entry, index, context)),
    ...checkPeople(file, context),
  ];
}

/** The case that a checked file describes. */
export function planCase(
  { template, state, roster, ...profile }: CaseFileContent,
  serverName: string,
): CaseFile {
  const people = roster.map(({ matrixId, localpart, timeZone, ...person }) => ({
    userId: userIdOf({ matrixId, localpart }, serverName),
    profile: { ...person, timeZone: timeZone ?? profile.timeZone },
  }));
  return { template, state, profile, people };
}

interface Named {
  readonly matrixId?: UserId | undefined;
  readonly localpart?: string | undefined;
}

function userIdOf({ matrixId, localpart }: Named, serverName: string): UserId {
  return matrixId ?? UserId.parse(`@${localpart}:${serverName}`);
}

/** Undefined where the two together are longer than a Matrix id can be. */
function readUserIdOf({ matrixId, localpart }: Named, serverName: string): UserId | undefined {
  return matrixId ?? UserId.safeParse(`@${localpart}:${serverName}`).data;
}

function checkTemplates(file: CaseFileContent, context: CaseFileContext): CaseFileProblem[] {
  const problems: CaseFileProblem[] = [];
  if (context.template === undefined) {
    problems.push({
      path: ["template"],
      message: unknownName("room template", file.template, context.templates),
    });
  }
  if (file.reportTemplate !== undefined && !context.reportTemplates.includes(file.reportTemplate)) {
    problems.push({
      path: ["reportTemplate"],
      message: unknownName("report template", file.reportTemplate, context.reportTemplates),
    });
  }
  return problems;
}

function checkState({ state: name, agreement }: CaseFileContent, { template }: CaseFileContext) {
  const life = template?.life;
  if (life === undefined || name === undefined) return [];
  const state = life.states[name];
  const problem = (message: string) => [{ path: ["state"], message }];
  if (state === undefined) return problem(unknownName("state", name, Object.keys(life.states)));
  if (state.final) return problem("is the end of a case: nothing is made for a case that is over");
  if (state.agreement !== undefined && state.agreement !== "draft" && !agreement?.period) {
    return problem("needs the agreement with its period");
  }
  return [];
}

function checkPeriods({ meeting, agreement }: CaseFileContent): CaseFileProblem[] {
  const problems: CaseFileProblem[] = [];
  if (meeting !== undefined && meeting.to < meeting.from) {
    problems.push({ path: ["meeting", "to"], message: "is before the first day" });
  }
  const period = agreement?.period;
  if (period !== undefined && period.to < period.from) {
    problems.push({ path: ["agreement", "period", "to"], message: "is before the first day" });
  }
  return problems;
}

function checkParties({ agreement }: CaseFileContent): CaseFileProblem[] {
  return (agreement?.parties ?? []).flatMap((party, index, parties) =>
    parties.indexOf(party) === index
      ? []
      : [{ path: ["agreement", "parties", index], message: `names ${party} a second time` }],
  );
}

/** Says nothing of what a section is about. */
const NEUTRAL_CODE = /^[a-z]{1,2}\d{1,2}([.-]\d{1,2})?$/;

function checkAgenda({ agenda }: CaseFileContent, context: CaseFileContext): CaseFileProblem[] {
  const problems: CaseFileProblem[] = [];
  const fixed = new Set(context.fixedSections.map(({ code }) => code));
  const main = new Set([
    ...fixed,
    ...agenda.filter(({ parent }) => parent === undefined).map(({ code }) => code),
  ]);
  for (const [index, { code, parent, room }] of agenda.entries()) {
    const where = ["agenda", index];
    if (agenda.findIndex((other) => other.code === code) !== index) {
      problems.push({ path: [...where, "code"], message: `“${code}” stands in the agenda twice` });
    }
    if (fixed.has(code)) {
      problems.push({
        path: [...where, "code"],
        message: `“${code}” is a section that the report template has by itself: use another code`,
      });
    }
    if (room && !NEUTRAL_CODE.test(code)) {
      problems.push({
        path: [...where, "code"],
        message: `“${code}” would be read by the homeserver in the name of the section's room: use a letter and a number, such as s1 or w2, or remove room: true`,
      });
    }
    if (parent !== undefined && !main.has(parent)) {
      const known = agenda.some((other) => other.code === parent);
      problems.push({
        path: [...where, "parent"],
        message: known
          ? `“${parent}” is itself below another section: a report has two levels only`
          : unknownName("section", parent, [...main]),
      });
    }
    if (room && context.template !== undefined && !context.template.hasSectionRooms) {
      problems.push({
        path: [...where, "room"],
        message: "asks for a room, but this room template has no rooms for sections: remove it",
      });
    }
  }
  return problems;
}

function checkRosterEntry(
  entry: CaseFileContent["roster"][number],
  index: number,
  { template }: CaseFileContext,
): CaseFileProblem[] {
  const problems: CaseFileProblem[] = [];
  const path = ["roster", index];
  if ((entry.matrixId === undefined) === (entry.localpart === undefined)) {
    problems.push({ path, message: "needs either a matrixId or a localpart" });
  }
  if ((entry.state === undefined) === (entry.body === undefined)) {
    problems.push({
      path,
      message: "needs either a state (such as RO) or a body (such as Europol)",
    });
  }
  const state = entry.body === undefined ? undefined : findState(entry.body);
  if (entry.state === undefined && state !== undefined) {
    const message = `is a State: write ${state} (${stateName(state)}) as the state instead`;
    problems.push({ path: [...path, "body"], message });
  }
  if (template !== undefined && !template.roles.includes(entry.role)) {
    problems.push({
      path: [...path, "role"],
      message: unknownName("role", entry.role, template.roles),
    });
  }
  return problems;
}

function checkPeople(
  { roster }: CaseFileContent,
  { serverName, bots, template, nameEntry = (index) => `roster[${index}]` }: CaseFileContext,
): CaseFileProblem[] {
  const first = new Map<string, number>();
  return roster.flatMap((entry, index): CaseFileProblem[] => {
    if (entry.matrixId === undefined && entry.localpart === undefined) return [];
    const path = ["roster", index, entry.matrixId === undefined ? "localpart" : "matrixId"];
    const userId = readUserIdOf(entry, serverName);
    if (userId === undefined) {
      return [{ path, message: "is too long: a Matrix id has 255 characters at most" }];
    }
    if (bots.includes(userId)) return [{ path, message: "is one of the bots: remove the entry" }];
    if (template?.federate === false && !userId.endsWith(`:${serverName}`)) {
      const message = "is on another homeserver, to which the rooms of this template are closed";
      return [{ path, message }];
    }
    const earlier = first.get(userId);
    if (earlier === undefined) {
      first.set(userId, index);
      return [];
    }
    return [{ path, message: `is the same person as ${nameEntry(earlier)}` }];
  });
}

function unknownName(kind: string, name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const hint = guess === undefined ? "" : `; perhaps you meant ${guess}`;
  return `is wrong: there is no ${kind} “${name}”: use ${known.join(", ")}${hint}`;
}
