import { createHash } from "node:crypto";
import { formatMoment } from "../domain/time/format.ts";
import { escapeMarkdown } from "./markdown-report.ts";

/** What is written out of a case. People stand there by function; a part that is undefined is left out. */
export interface CaseExport {
  readonly format: "rogatory-case/1";
  readonly code: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly timeZone: string;
  readonly exportedAt: string;
  /** Contents that may not be kept, in the words of config/retention.yaml. */
  readonly leftOut: readonly string[];
  readonly agreement: object | undefined;
  readonly roster: readonly Row[];
  readonly meetings: readonly Row[] | undefined;
  readonly actions: readonly Row[] | undefined;
  readonly requests: readonly Row[] | undefined;
  readonly takeaways: readonly Row[] | undefined;
}

type Row = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ExportedFile {
  readonly name: string;
  readonly text: string;
}

const parts = ["agreement", "roster", "meetings", "actions", "requests", "takeaways"] as const;

/** One file of JSON for each part, the log, a page to read, and a manifest that `sha256sum -c` checks. */
export function caseFiles(exported: CaseExport, log: string | undefined): readonly ExportedFile[] {
  const { code, format, exportedAt } = exported;
  const head = { format, code, exportedAt };
  const files: ExportedFile[] = parts.flatMap((part) =>
    exported[part] === undefined
      ? []
      : [{ name: `${part}.json`, text: asJson({ ...head, [part]: exported[part] }) }],
  );
  if (log !== undefined) files.push({ name: "log.jsonl", text: log });
  files.push({ name: "case.md", text: caseAsMarkdown(exported) });
  return [...files, { name: "SHA256SUMS", text: manifestOf(files) }];
}

function manifestOf(files: readonly ExportedFile[]): string {
  return files
    .map(({ name, text }) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`)
    .join("");
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** The same for people. */
export function caseAsMarkdown(exported: CaseExport): string {
  const { code, name, kind, state, timeZone, exportedAt, leftOut, agreement } = exported;
  return `${[
    `# ${code}: ${escapeMarkdown(name)}`,
    [
      `- Kind: ${escapeMarkdown(kind)}`,
      `- State: ${escapeMarkdown(state)}`,
      `- Time zone: ${timeZone}`,
      `- Exported: ${formatMoment(Temporal.Instant.from(exportedAt).toZonedDateTimeISO(timeZone))}`,
      ...(leftOut.length === 0
        ? []
        : [`- Left out, because it may not be kept: ${leftOut.join(", ")}`]),
    ].join("\n"),
    ...(agreement === undefined ? [] : ["## Agreement", fieldsOf(agreement)]),
    ...tableOf("Roster", exported.roster),
    ...tableOf("Meetings", exported.meetings),
    ...tableOf("Actions", exported.actions),
    ...tableOf("Requests", exported.requests),
    ...tableOf("Takeaways", exported.takeaways),
  ].join("\n\n")}\n`;
}

function fieldsOf(record: object): string {
  return Object.entries(record)
    .map(([label, value]) => `- ${heading(label)}: ${cell(asText(value))}`)
    .join("\n");
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(asText).join(", ");
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([label, inner]) => `${label} ${asText(inner)}`)
    .join(", ");
}

function tableOf(title: string, rows: readonly Row[] | undefined): readonly string[] {
  if (rows === undefined) return [];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) =>
    rows.some((row) => row[column] !== undefined),
  );
  if (rows.length === 0) return [`## ${title}`, "None."];
  const lines = [
    columns.map(heading),
    columns.map(() => "---"),
    ...rows.map((row) => columns.map((column) => cell(asText(row[column] ?? "")))),
  ];
  return [`## ${title}`, lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")];
}

/** `completedBy` as "Completed by". */
function heading(key: string): string {
  const words = key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function cell(text: string): string {
  return escapeMarkdown(text)
    .replaceAll("|", "\\|")
    .replaceAll(/\s*\n\s*/g, " / ");
}
