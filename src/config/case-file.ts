import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type CaseFile,
  CaseFileContent,
  type CaseFileContext,
  checkCaseFile,
  planCase,
} from "../domain/case/case-file.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { UserId } from "../domain/ids.ts";
import { readYaml } from "./located-yaml.ts";
import { configDirectory } from "./paths.ts";
import { reportRules } from "./report-template.ts";
import { roomTemplate } from "./room-template.ts";

/** Data of `config/reports/` that every report template shares. */
const sharedReportFiles = new Set(["eu-member-states", "takeaway-categories"]);

/**
 * Reads a case file (`config/case.jit.example.yaml` explains it).
 *
 * @throws RogatoryError `case.file`: one line for each thing that is wrong, with its line in the file
 */
export function readCaseFile(
  text: string,
  options: {
    readonly fileName: string;
    readonly serverName: string;
    readonly bots: readonly UserId[];
  },
): CaseFile {
  const source = { fileName: options.fileName, errorCode: "case.file" };
  const content = readYaml(text, source, CaseFileContent, (file) =>
    checkCaseFile(file, contextOf(file, options)),
  );
  return planCase(content, options.serverName);
}

function contextOf(
  file: CaseFileContent,
  { serverName, bots }: { readonly serverName: string; readonly bots: readonly UserId[] },
): CaseFileContext {
  const templates = namesIn("rooms");
  const reportTemplates = namesIn("reports").filter((name) => !sharedReportFiles.has(name));
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
