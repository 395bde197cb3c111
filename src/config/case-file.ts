import { readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  type CaseFile,
  CaseFileContent,
  type CaseFileContext,
  type CaseFileProblem,
  checkCaseFile,
  MOST_PEOPLE,
  planCase,
  RosterEntry,
} from "../domain/case/case-file.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { UserId } from "../domain/ids.ts";
import { asError, checkYaml, type Finding, sentenceOf } from "./located-yaml.ts";
import { configDirectory } from "./paths.ts";
import { reportRules } from "./report-template.ts";
import { roomTemplate, roomTemplateNames } from "./room-template.ts";
import { type ReadRoster, type RosterFile, readRoster } from "./roster-file.ts";

/** Data of `config/reports/` that every report template shares. */
const sharedReportFiles = new Set(["eu-member-states", "takeaway-categories"]);

/** Where a case file's people and names belong. */
export interface CaseFileServer {
  readonly serverName: string;
  readonly bots: readonly UserId[];
}

export interface CaseFileOptions extends CaseFileServer {
  readonly fileName: string;
  /** People in a file of their own; the case file may have more, or none. */
  readonly roster?: RosterFile | undefined;
}

const WithoutRoster = CaseFileContent.extend({
  roster: z.array(RosterEntry).max(MOST_PEOPLE).default([]),
});
const nobody: ReadRoster = { entries: [], lines: [], findings: [] };

/**
 * Reads a case file (`config/case.jit.example.yaml` explains it), and its roster if that is apart.
 *
 * @throws RogatoryError `case.file`: one line for each thing that is wrong, with file and line
 */
export function readCaseFile(text: string, options: CaseFileOptions): CaseFile {
  const apart = options.roster === undefined ? nobody : readRoster(options.roster);
  const schema = options.roster === undefined ? CaseFileContent : WithoutRoster;
  const { value, findings, locate } = checkYaml(text, options.fileName, schema);
  if (value === undefined) throw asError("case.file", [...findings, ...apart.findings]);
  const problems = checkWithPeople(value, apart, options.roster?.fileName ?? "", options, locate);
  if (problems.length > 0) throw asError("case.file", problems);
  const content = { ...value, roster: [...value.roster, ...apart.entries] };
  return planCase(CaseFileContent.parse(content), options.serverName);
}

/** Everything that is wrong with people from elsewhere, and with a case that has them too. */
export function checkWithPeople(
  value: CaseFileContent,
  apart: ReadRoster,
  fileName: string,
  server: CaseFileServer,
  locate: (problem: CaseFileProblem) => Finding,
): readonly Finding[] {
  const content = { ...value, roster: [...value.roster, ...apart.entries] };
  const own = value.roster.length;
  const nameEntry = (index: number) =>
    index < own ? `roster[${index}]` : `line ${apart.lines[index - own]} of ${fileName}`;
  const problems = checkCaseFile(content, { ...contextOf(content, server), nameEntry });
  const located = problems.map((problem): Finding => {
    const [root, index, ...rest] = problem.path;
    if (root !== "roster" || typeof index !== "number" || index < own) return locate(problem);
    return {
      fileName,
      line: apart.lines[index - own] ?? 1,
      sentence: sentenceOf({ ...problem, path: rest }).replace(/^the file /, "the person "),
    };
  });
  const tooMany = apart.lines[MOST_PEOPLE - own];
  if (tooMany !== undefined) {
    const sentence = `with this person there are more than ${MOST_PEOPLE}, which is the most that a case can have.`;
    return [...located, { fileName, line: tooMany, sentence }, ...apart.findings];
  }
  return [...located, ...apart.findings];
}

function contextOf(file: CaseFileContent, { serverName, bots }: CaseFileServer): CaseFileContext {
  const templates = roomTemplateNames();
  const reportTemplates = reportTemplateNames();
  const template = templates.includes(file.template) ? roomTemplate(file.template) : undefined;
  const { reportTemplate } = file;
  const report =
    reportTemplate !== undefined && reportTemplates.includes(reportTemplate)
      ? reportRules(reportTemplate).template
      : undefined;
  return {
    templates,
    template: template && {
      roles: Object.keys(template.roles),
      hasSectionRooms: template.rooms.some((room) => room.per === "section"),
      federate: template.federate,
      life: template.life,
    },
    reportTemplates,
    fixedSections: report === undefined ? [] : [...report.before, ...report.after],
    serverName,
    bots,
  };
}

/** All templates of outcome reports that there are. */
export function reportTemplateNames(): readonly string[] {
  return namesIn("reports").filter((name) => !sharedReportFiles.has(name));
}

function namesIn(folder: string): readonly string[] {
  const path = join(configDirectory(), folder);
  try {
    return readdirSync(path)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => name.slice(0, -".yaml".length))
      .sort();
  } catch (cause) {
    throw new RogatoryError(
      "incomplete-installation",
      `The folder ${path} cannot be read: install Rogatory again.`,
      { cause },
    );
  }
}
