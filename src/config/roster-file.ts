import { z } from "zod";
import { RosterEntry } from "../domain/case/case-file.ts";
import { parseCsv } from "../domain/text/csv.ts";
import { nearest } from "../domain/text/nearest.ts";
import { checkYaml, describeError, type Finding, sentenceOf } from "./located-yaml.ts";

/** A roster in a file of its own, as text. */
export interface RosterFile {
  readonly fileName: string;
  readonly text: string;
}

export interface ReadRoster {
  readonly entries: readonly RosterEntry[];
  /** Where each of the entries begins. */
  readonly lines: readonly number[];
  readonly findings: readonly Finding[];
}

const columns = [
  ...["localpart", "matrixId", "function", "state", "body", "role", "languages", "timeZone"],
] as const;

/**
 * Reads a roster: CSV with a first line of column names, or YAML (a list, or a file with `roster:`).
 * Everything that is wrong with it is found at once.
 */
export function readRoster(file: RosterFile): ReadRoster {
  return /\.ya?ml$/i.test(file.fileName) ? readYamlRoster(file) : readCsvRoster(file);
}

const YamlRoster = z.union([
  z.array(RosterEntry),
  z.looseObject({ roster: z.array(RosterEntry) }).transform(({ roster }) => roster),
]);
const AnyList = z.array(z.unknown());

function readYamlRoster({ text, fileName }: RosterFile): ReadRoster {
  // Which of the two it is decides how its problems are told.
  const isList = checkYaml(text, fileName, AnyList).value !== undefined;
  const schema = isList ? z.array(RosterEntry) : z.looseObject({ roster: z.array(RosterEntry) });
  const { findings, locate } = checkYaml<unknown>(text, fileName, schema);
  const entries = checkYaml(text, fileName, YamlRoster).value ?? [];
  const pathOf = (index: number) => (isList ? [index] : ["roster", index]);
  return {
    entries,
    lines: entries.map((_, index) => locate({ path: pathOf(index), message: "" }).line),
    findings:
      findings.length === 0 && entries.length === 0
        ? [{ fileName, line: 1, sentence: "the file has no people." }]
        : findings,
  };
}

/** Entries that were put together elsewhere, one in each line. */
export function readEntries(
  records: readonly { readonly line: number; readonly record: Record<string, unknown> }[],
  fileName: string,
): ReadRoster {
  const entries: RosterEntry[] = [];
  const lines: number[] = [];
  const findings: Finding[] = [];
  for (const { line, record } of records) {
    const result = RosterEntry.safeParse(record);
    if (result.success) {
      entries.push(result.data);
      lines.push(line);
    } else {
      const problems = describeError(result.error, record);
      findings.push(...problems.map((each) => ({ fileName, line, sentence: sentenceOf(each) })));
    }
  }
  return { entries, lines, findings };
}

function readCsvRoster({ text, fileName }: RosterFile): ReadRoster {
  const find = (line: number, sentence: string): Finding => ({ fileName, line, sentence });
  const foreign = text.split("\n").findIndex((line) => line.includes("\uFFFD"));
  if (foreign >= 0) {
    const sentence = "this is not UTF-8: save the table as “CSV UTF-8” and try again.";
    return { entries: [], lines: [], findings: [find(foreign + 1, sentence)] };
  }
  const { records: table, problems } = parseCsv(text);
  const findings = problems.map(({ line, message }) => find(line, `${message}.`));
  const [head, ...rows] = table;
  if (head === undefined) {
    return { entries: [], lines: [], findings: [find(1, `the file is empty: ${whatIsNeeded}.`)] };
  }
  const { names, complaints } = readHead(head.cells);
  findings.push(...complaints.map((sentence) => find(head.line, sentence)));
  if (complaints.length > 0) return { entries: [], lines: [], findings };
  if (rows.length === 0) {
    findings.push(find(head.line, "below the names of the columns there is no person."));
  }
  const records = rows.flatMap(({ line, cells }) => {
    if (cells.length === names.length) return [{ line, record: asEntry(names, cells) }];
    const remedy =
      cells.length > names.length
        ? "put a field that has a comma or semicolon in quotation marks"
        : "leave a field empty where there is nothing to say, and count the separators";
    const sentence = `the line has ${cells.length} fields and the first line ${names.length}: ${remedy}.`;
    findings.push(find(line, sentence));
    return [];
  });
  const read = readEntries(records, fileName);
  return { ...read, findings: [...findings, ...read.findings] };
}

const whatIsNeeded = `the first line names the columns (${columns.join(", ")})`;

/** Names of columns in any case of letters; spaces, hyphens and underscores in them do not matter. */
function readHead(cells: readonly string[]): {
  readonly names: readonly (typeof columns)[number][];
  readonly complaints: readonly string[];
} {
  const names: (typeof columns)[number][] = [];
  const complaints: string[] = [];
  for (const cell of cells) {
    const plain = cell.replace(/[\s_-]/g, "").toLowerCase();
    const name = columns.find((column) => column.toLowerCase() === plain);
    if (name === undefined) {
      const guess = nearest(plain, columns);
      const hint = guess === undefined ? "" : `; perhaps you meant ${guess}`;
      complaints.push(
        cell === ""
          ? `a column has no name: ${whatIsNeeded}.`
          : `“${cell}” is not a known column: use ${columns.join(", ")}${hint}.`,
      );
    } else if (names.includes(name)) {
      complaints.push(`the column ${name} stands there twice: remove one.`);
    } else {
      names.push(name);
    }
  }
  if (complaints.length > 0) return { names, complaints };
  const missing = (["function", "role"] as const).filter((name) => !names.includes(name));
  complaints.push(
    ...missing.map((name) => `the column ${name} is missing: add it to the first line.`),
  );
  if (!names.includes("localpart") && !names.includes("matrixId")) {
    complaints.push("a column localpart or matrixId is missing: add it to the first line.");
  }
  if (!names.includes("state") && !names.includes("body")) {
    complaints.push("a column state or body is missing: add it to the first line.");
  }
  return { names, complaints };
}

/** An empty cell is a setting that is left out. */
function asEntry(
  names: readonly (typeof columns)[number][],
  cells: readonly string[],
): Record<string, unknown> {
  const filled = names.flatMap((name, index): [string, unknown][] => {
    const cell = cells[index] ?? "";
    if (cell === "") return [];
    return [[name, name === "languages" ? cell.split(/[\s,;/|]+/).filter(Boolean) : cell]];
  });
  return Object.fromEntries(filled);
}
