import { checkWithPeople, reportTemplateNames } from "../../config/case-file.ts";
import { asError } from "../../config/located-yaml.ts";
import { roomTemplate, roomTemplateNames } from "../../config/room-template.ts";
import { type ReadRoster, readEntries, readRoster } from "../../config/roster-file.ts";
import { findCaseByName } from "../../db/repositories/cases.ts";
import { answer, type Outcome, paragraph } from "../../documents/message/outcome.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import { type CaseFile, planCase } from "../../domain/case/case-file.ts";
import {
  type CreationDraft,
  contentOf,
  firstDraft,
  readPersonLine,
  stepBack,
  stepOn,
  type TemplateChoice,
  takeAnswer,
} from "../../domain/case/creation-draft.ts";
import type { LocalWay } from "../../domain/case/ways.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { serverOf, type UserId } from "../../domain/ids.ts";
import type { Work } from "../work.ts";
import { type CreatedCase, createCase } from "./create-case.ts";
import { question } from "./creation-questions.ts";
import { planCaseFile } from "./plan-case.ts";

export interface Asked {
  readonly bots: BotAccounts;
  readonly localPeople?: LocalWay | undefined;
  /** Of the people so far, for the plan; undefined where the homeserver could not be asked. */
  readonly unknownAccounts: readonly UserId[] | undefined;
  readonly operator: UserId;
  /** The message that answers. */
  readonly cause: string;
}

/** What an operator said or sent. */
export interface Said {
  readonly text: string;
  readonly file?: { readonly fileName: string; readonly text: string } | undefined;
}

export interface AskedFurther {
  /** What is to be remembered; undefined when the conversation about a new case is over. */
  readonly draft: CreationDraft | undefined;
  readonly outcome: Outcome;
  /** The case, once it is made: its rooms and people follow. */
  readonly created?: CreatedCase;
}

/** Begins to ask for a new case. */
export function beginAsking(): AskedFurther {
  return { draft: firstDraft, outcome: question(firstDraft, templateChoices()) };
}

/**
 * Takes one answer. What is wrong with it is said, and the question stays.
 *
 * @throws RogatoryError with what was wrong; nothing is remembered of the answer then
 */
export async function askFurther(
  work: Work,
  asked: Asked,
  draft: CreationDraft,
  said: Said,
): Promise<AskedFurther> {
  const templates = templateChoices();
  const word = said.text.trim().toLowerCase();
  if (word === "cancel") {
    return {
      draft: undefined,
      outcome: answer(
        paragraph(
          "Cancelled: no case was made, and your answers are kept nowhere but in this conversation.",
        ),
      ),
    };
  }
  if (word === "back") return ask(work, asked, stepBack(draft, templates), templates);
  if (draft.step === "roster") return takePeople(work, asked, draft, said, templates);
  if (draft.step === "confirm") return confirm(work, asked, draft, word, templates);
  const next = takeAnswer(draft, said.text, templates, work.now);
  if (draft.step === "name") await refuseTakenName(work, next);
  return ask(work, asked, next, templates);
}

async function ask(
  work: Work,
  asked: Asked,
  draft: CreationDraft,
  templates: readonly TemplateChoice[],
): Promise<AskedFurther> {
  const { bots, localPeople, unknownAccounts } = asked;
  if (draft.step !== "confirm") return { draft, outcome: question(draft, templates) };
  const file = completed(draft, bots);
  const actor = { kind: "person", userId: asked.operator } as const;
  const plan = await planCaseFile(work, { file, bots, localPeople, actor });
  return { draft, outcome: question(draft, templates, { ...plan, unknownAccounts }) };
}

async function confirm(
  work: Work,
  asked: Asked,
  draft: CreationDraft,
  word: string,
  templates: readonly TemplateChoice[],
): Promise<AskedFurther> {
  if (word !== "yes") return ask(work, asked, draft, templates);
  const { bots, localPeople, cause, operator } = asked;
  const file = completed(draft, bots);
  const actor = { kind: "person", userId: operator } as const;
  const created = await createCase(work, { file, bots, localPeople, actor, cause });
  return {
    draft: undefined,
    created,
    outcome: answer(
      paragraph(
        `${file.profile.name} is ${created.code}. Its rooms are being made; this message shows how far they are.`,
      ),
    ),
  };
}

async function refuseTakenName({ db, vault }: Work, { name = "" }: CreationDraft): Promise<void> {
  const other = await findCaseByName(db, vault, name);
  if (other === undefined) return;
  throw new RogatoryError(
    "case.name-taken",
    `There is already a case of this name: ${other.case.code}. Give the new one another name, or cancel.`,
  );
}

async function takePeople(
  work: Work,
  asked: Asked,
  draft: CreationDraft,
  said: Said,
  templates: readonly TemplateChoice[],
): Promise<AskedFurther> {
  const text = said.text.trim();
  if (said.file === undefined && /^done$/i.test(text)) {
    if (draft.roster.length > 0) return ask(work, asked, stepOn(draft, templates), templates);
    throw new RogatoryError("creation.nobody", "A case needs at least one person on its roster.");
  }
  if (said.file === undefined && /^remove\s+\S+$/i.test(text)) {
    const userId = text.split(/\s+/)[1];
    const roster = draft.roster.filter(
      ({ matrixId, localpart }) =>
        matrixId !== userId && `@${localpart}:${serverOf(asked.bots.registrar)}` !== userId,
    );
    if (roster.length < draft.roster.length) {
      return ask(work, asked, { ...draft, roster }, templates);
    }
    throw new RogatoryError("creation.answer", `“${userId}” is not among the people so far.`);
  }
  const people = readPeople(said);
  const content = contentOf(draft);
  if (content === undefined) throw new TypeError("people are asked for last");
  const fileName = said.file?.fileName ?? "your message";
  const findings = checkWithPeople(content, people, fileName, serverFor(asked.bots), (problem) => ({
    fileName: "your earlier answers",
    line: 1,
    sentence: `${problem.path.join(".")} ${problem.message}.`,
  }));
  if (findings.length > 0) throw asError("creation.people", findings);
  const roster = [...draft.roster, ...people.entries];
  return ask(work, asked, { ...draft, roster }, templates);
}

/** A table, a file, or one person in each line. */
function readPeople({ text, file }: Said): ReadRoster {
  if (file !== undefined) return readRoster(file);
  const fileName = "your message";
  const lines = text.split("\n").map((line, index) => ({ line: index + 1, text: line.trim() }));
  const written = lines.filter((line) => line.text !== "");
  const [first] = written;
  if (first !== undefined && !first.text.startsWith("@")) return readRoster({ fileName, text });
  const people = written.map((line) => ({ line: line.line, record: readPersonLine(line.text) }));
  const wrong = people.find(({ record }) => record === undefined);
  if (wrong !== undefined || people.length === 0) {
    throw new RogatoryError(
      "creation.answer",
      `Line ${wrong?.line ?? 1} is not a person: write @name:server role State-or-body function, such as @ro-pros:example.org leader RO Prosecutor. Nobody was added.`,
    );
  }
  return readEntries(
    people.map(({ line, record = {} }) => ({ line, record })),
    fileName,
  );
}

function completed(draft: CreationDraft, bots: BotAccounts): CaseFile {
  const content = contentOf(draft);
  if (content === undefined) throw new TypeError("the plan is shown when everything is answered");
  const findings = checkWithPeople(
    content,
    { entries: [], lines: [], findings: [] },
    "",
    serverFor(bots),
    ({ path, message }) => ({
      fileName: "your answers",
      line: 1,
      sentence: `${path.join(".")} ${message}.`,
    }),
  );
  if (findings.length > 0) {
    throw new RogatoryError(
      "creation.people",
      `${findings.map(({ sentence }) => sentence).join("\n")}\nAnswer back to change it.`,
    );
  }
  return planCase(content, serverOf(bots.registrar));
}

function serverFor(bots: BotAccounts) {
  return { serverName: serverOf(bots.registrar), bots: Object.values(bots) };
}

function templateChoices(): readonly TemplateChoice[] {
  return roomTemplateNames().map((name) => {
    const { title, rooms, roles } = roomTemplate(name);
    const has = (per: string) => rooms.some((room) => room.per === per);
    const hasReport = Object.values(roles).some(({ capabilities }) =>
      capabilities.includes("report.draft"),
    );
    const reports = reportTemplateNames();
    const reportTemplate = reports.includes(name) ? name : reports[0];
    return {
      ...{ name, title, hasPairs: has("pair"), hasSections: has("section") },
      reportTemplate: hasReport ? reportTemplate : undefined,
    };
  });
}
