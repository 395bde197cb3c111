import { z } from "zod";
import { RogatoryError } from "../errors.ts";
import { AgendaEntry } from "../report/agenda.ts";
import { findState, isMeantAsState, parseState } from "../request/states.ts";
import { nearest } from "../text/nearest.ts";
import { canonicalZone } from "../time/zone.ts";
import { type CaseFileContent, RosterEntry } from "./case-file.ts";
import {
  MeetingDraft,
  meetingOf,
  readGroup,
  readMeetingDates,
  readVenue,
} from "./creation-meeting.ts";

/** What is asked, in this order, when a case is created in a conversation. */
export const CreationStep = z.enum([
  "template",
  "name",
  "zone",
  "parties",
  "purpose",
  "meeting",
  "dates",
  "venue",
  "agenda",
  "roster",
  "confirm",
]);
export type CreationStep = z.infer<typeof CreationStep>;

/** A case that somebody is about to create by answering questions. */
export const CreationDraft = z.strictObject({
  step: CreationStep,
  template: z.string().optional(),
  name: z.string().optional(),
  timeZone: z.string().optional(),
  parties: z.array(z.string()).optional(),
  purpose: z.string().optional(),
  /** Of the outcome report, like its template. */
  meeting: MeetingDraft.optional(),
  reportTemplate: z.string().optional(),
  agenda: z.array(AgendaEntry).default([]),
  roster: z.array(RosterEntry).default([]),
});
export type CreationDraft = z.infer<typeof CreationDraft>;

/** What the questions depend on: the templates that there are. */
export interface TemplateChoice {
  readonly name: string;
  readonly title: string;
  /** Rooms for pairs of States: the case has an agreement between States. */
  readonly hasPairs: boolean;
  /** Rooms for sections: the case has an agenda. */
  readonly hasSections: boolean;
  /** The template of its outcome report, where somebody may draft one. */
  readonly reportTemplate: string | undefined;
}

export const firstDraft: CreationDraft = { step: "template", agenda: [], roster: [] };

/** The questions that a draft needs. */
function stepsOf(draft: CreationDraft, templates: readonly TemplateChoice[]): CreationStep[] {
  const choice = templates.find(({ name }) => name === draft.template);
  return CreationStep.options.filter((step) => {
    if (step === "parties") return choice?.hasPairs === true;
    if (step === "purpose") return choice?.hasPairs === true && draft.parties !== undefined;
    if (step === "meeting") return choice?.reportTemplate !== undefined;
    if (step === "dates" || step === "venue") {
      return choice?.reportTemplate !== undefined && draft.meeting !== undefined;
    }
    if (step === "agenda") return choice?.hasSections === true;
    return true;
  });
}

/** The draft at the question before; the same at the first. */
export function stepBack(
  draft: CreationDraft,
  templates: readonly TemplateChoice[],
): CreationDraft {
  const steps = stepsOf(draft, templates);
  return { ...draft, step: steps[Math.max(0, steps.indexOf(draft.step) - 1)] ?? draft.step };
}

/** The draft at the next question. */
export function stepOn(draft: CreationDraft, templates: readonly TemplateChoice[]): CreationDraft {
  const steps = stepsOf(draft, templates);
  return { ...draft, step: steps[steps.indexOf(draft.step) + 1] ?? draft.step };
}

/**
 * Takes the answer to every question but those for people and for consent.
 *
 * @param saidAt the instant of the answer, for dates without a year
 * @throws RogatoryError `creation.answer` with what was expected
 */
export function takeAnswer(
  draft: CreationDraft,
  said: string,
  templates: readonly TemplateChoice[],
  saidAt: Temporal.Instant,
): CreationDraft {
  const text = said.trim();
  const { meeting, timeZone } = draft;
  const skipped = text.toLowerCase() === "skip";
  switch (draft.step) {
    case "template":
      return stepOn({ ...draft, template: chooseTemplate(text, templates) }, templates);
    case "name":
      return stepOn({ ...draft, name: readName(text) }, templates);
    case "zone":
      return stepOn({ ...draft, timeZone: readZone(text) }, templates);
    case "parties":
      return stepOn({ ...draft, parties: skipped ? undefined : readParties(text) }, templates);
    case "purpose":
      if (text !== "" && text.length <= 2000) return stepOn({ ...draft, purpose: text }, templates);
      throw wrong("The purpose has between 1 and 2000 letters.");
    case "meeting": {
      const group = skipped ? undefined : readGroup(text);
      const { reportTemplate } = templates.find(({ name }) => name === draft.template) ?? {};
      return stepOn(
        group === undefined
          ? { ...draft, meeting: undefined, reportTemplate: undefined }
          : { ...draft, meeting: { ...meeting, group }, reportTemplate },
        templates,
      );
    }
    case "dates": {
      if (meeting === undefined) return draft;
      const standpoint = { zone: timeZone ?? "UTC", reference: saidAt };
      const dates = readMeetingDates(text, standpoint);
      return stepOn({ ...draft, meeting: { ...meeting, dates } }, templates);
    }
    case "venue":
      if (meeting === undefined) return draft;
      return stepOn({ ...draft, meeting: { ...meeting, venue: readVenue(text) } }, templates);
    case "agenda":
      return stepOn({ ...draft, agenda: skipped ? [] : readAgenda(text) }, templates);
    default:
      return draft;
  }
}

/** The content of a case file that says the same. */
export function contentOf(draft: CreationDraft): CaseFileContent | undefined {
  const { template, name, timeZone, parties, purpose, reportTemplate, agenda, roster } = draft;
  if (template === undefined || name === undefined || timeZone === undefined) return undefined;
  const agreement =
    parties === undefined || purpose === undefined ? {} : { agreement: { parties, purpose } };
  const meeting = meetingOf(draft.meeting);
  const report = meeting === undefined ? {} : { meeting, reportTemplate };
  return { template, name, timeZone, ...agreement, ...report, agenda, roster };
}

function chooseTemplate(text: string, templates: readonly TemplateChoice[]): string {
  const wanted = text.toLowerCase();
  const found = templates.find(
    ({ name, title }, index) =>
      name === wanted || title.toLowerCase() === wanted || String(index + 1) === wanted,
  );
  if (found !== undefined) return found.name;
  const names = templates.map(({ name }) => name);
  const guess = nearest(text, names);
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  throw wrong(`There is no “${text}”: answer with ${names.join(" or ")}.${hint}`);
}

function readName(text: string): string {
  if (text !== "" && text.length <= 200 && !text.includes("\n")) return text;
  throw wrong("A name is one line of at most 200 letters.");
}

function readZone(text: string): string {
  const zone = canonicalZone(text);
  if (zone !== undefined) return zone;
  const guess = nearest(text, Intl.supportedValuesOf("timeZone"));
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  throw wrong(`“${text}” is not a time zone such as Europe/Bucharest.${hint}`);
}

/** Codes or names of States; names of several words need commas between them. */
function readParties(text: string): string[] {
  const words = text.split(/[,;\n]/.test(text) ? /[,;\n]/ : /\s+/).filter((word) => word.trim());
  const states = [...new Set<string>(words.map((word) => parseState(word.trim())))];
  if (states.length >= 2) return states;
  throw wrong("An agreement has at least two States, such as RO BE NL; or answer skip.");
}

/** The homeserver reads codes in the names of rooms: what could say anything stays in the title. */
const CODED = /^([a-z]{1,2}\d{1,2})\s*:\s+(.+)$/i;

/** One section in a line, with a neutral code of its own (`w1: Consent`) or numbered `s1`, `s2`, ... */
function readAgenda(text: string): AgendaEntry[] {
  const lines = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
  const coded = lines.map((line) => CODED.exec(line)?.[1]?.toLowerCase());
  const free = lines.map((_, index) => `s${index + 1}`).filter((code) => !coded.includes(code));
  const entries = lines.map((line, index) => {
    const [, , title = line] = CODED.exec(line) ?? [];
    if (title.length > 300) throw wrong(`Line ${index + 1} has more than 300 letters.`);
    return { code: coded[index] ?? free.shift() ?? `s${index + 1}`, title, room: true };
  });
  const twice = entries.find(
    ({ code }, index) => entries.findIndex((e) => e.code === code) < index,
  );
  if (twice !== undefined) throw wrong(`The code “${twice.code}” stands there twice.`);
  if (entries.length > 0) return entries;
  throw wrong("Write one section in a line; or answer skip.");
}

const PERSON = /^(@\S+)\s+(\S+)\s+("[^"]+"|\S+)\s+(.+)$/;

/** `@ro-pros:example.org leader RO Prosecutor, DIICOT Europe/Bucharest`: a person in a line. */
export function readPersonLine(line: string): Record<string, unknown> | undefined {
  const [, matrixId, role, affiliation = "", rest = ""] = PERSON.exec(line.trim()) ?? [];
  if (matrixId === undefined) return undefined;
  const last = /^(.+?)\s+(\S+\/\S+|UTC)$/.exec(rest);
  const zone = canonicalZone(last?.[2] ?? "");
  const from = affiliation.replaceAll('"', "");
  const bare = (zone === undefined ? rest : (last?.[1] ?? rest)).trim().replace(/^"(.*)"$/, "$1");
  return {
    matrixId,
    role,
    ...(isMeantAsState(from) ? { state: findState(from) ?? from.toUpperCase() } : { body: from }),
    function: bare,
    ...(zone === undefined ? {} : { timeZone: zone }),
  };
}

function wrong(sentence: string): RogatoryError {
  return new RogatoryError("creation.answer", sentence);
}
