import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";

/** One thing that is wrong with a file: where (keys and indexes from the top), and a sentence part. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** What is wrong, as it follows the path: "must be a whole number". */
  readonly message: string;
}

/** A YAML text that remembers on which line each value stands. */
export interface LocatedYaml {
  readonly value: unknown;
  /** What is not YAML at all; `value` is then undefined. */
  readonly syntaxErrors: readonly { readonly line: number; readonly message: string }[];
  /** The line (from 1) of a value, or of the nearest thing around it that exists. */
  lineOf(path: readonly PropertyKey[]): number;
}

export function parseLocatedYaml(text: string): LocatedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntaxErrors = document.errors.map(({ pos, message }) => ({
    line: Math.max(1, lines.linePos(pos[0]).line),
    message: firstLine(message),
  }));
  let value: unknown;
  if (syntaxErrors.length === 0) {
    try {
      value = document.toJS();
    } catch (error) {
      // An alias that names nothing, or aliases that multiply without end.
      syntaxErrors.push({ line: 1, message: error instanceof Error ? error.message : "bad alias" });
    }
  }
  return {
    value,
    syntaxErrors,
    lineOf: (path) => Math.max(1, lines.linePos(offsetOf(document, path)).line),
  };
}

/** One thing that is wrong, where a person finds it. */
export interface Finding {
  readonly fileName: string;
  readonly line: number;
  /** With a full stop. */
  readonly sentence: string;
}

/**
 * Reads a YAML text with a schema.
 *
 * @throws RogatoryError with the given code; one line for each problem: file, line, path, sentence
 */
export function readYaml<T>(
  text: string,
  source: { readonly fileName: string; readonly errorCode: string },
  schema: z.ZodType<T>,
  /** Further rules on a value that fits the schema. */
  rules: (value: T) => readonly Problem[] = () => [],
): T {
  const { value, findings, locate } = checkYaml(text, source.fileName, schema);
  if (value === undefined) throw asError(source.errorCode, findings);
  const problems = rules(value);
  if (problems.length > 0) throw asError(source.errorCode, problems.map(locate));
  return value;
}

/** The same without throwing, for what is read from several files. */
export function checkYaml<T>(
  text: string,
  fileName: string,
  schema: z.ZodType<T>,
): {
  /** Undefined if there are findings. */
  readonly value: T | undefined;
  readonly findings: readonly Finding[];
  readonly locate: (problem: Problem) => Finding;
} {
  const located = parseLocatedYaml(text);
  const locate = (problem: Problem): Finding => ({
    fileName,
    line: located.lineOf(problem.path),
    sentence: sentenceOf(problem),
  });
  if (located.syntaxErrors.length > 0) {
    const findings = located.syntaxErrors.map(({ line, message }) => ({
      ...{ fileName, line },
      sentence: `this is not YAML: ${message}`,
    }));
    return { value: undefined, findings, locate };
  }
  const result = schema.safeParse(located.value);
  if (result.success) return { value: result.data, findings: [], locate };
  return {
    value: undefined,
    findings: describeError(result.error, located.value).map(locate),
    locate,
  };
}

/** All findings in one error, in the order of files and lines. */
export function asError(code: string, findings: readonly Finding[]): RogatoryError {
  const files = [...new Set(findings.map(({ fileName }) => fileName))];
  const inOrder = files.flatMap((file) =>
    findings.filter(({ fileName }) => fileName === file).sort((a, b) => a.line - b.line),
  );
  const lines = inOrder.map(
    ({ fileName, line, sentence }) => `${fileName}, line ${line}: ${sentence}`,
  );
  return new RogatoryError(code, lines.join("\n"));
}

/** What a schema found wrong, in sentence parts. */
export function describeError(error: z.core.$ZodError, root: unknown): readonly Problem[] {
  return error.issues.flatMap((issue) => describeIssue(issue, root));
}

export function sentenceOf({ path, message }: Problem): string {
  const where = writePath(path);
  return `${where === "" ? "the file" : where} ${message}.`;
}

/** `roster[3].role` */
function writePath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (written, key) =>
      typeof key === "number"
        ? `${written}[${key}]`
        : `${written}${written === "" ? "" : "."}${String(key)}`,
    "",
  );
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: "is not a known setting: correct its spelling or remove it",
    }));
  }
  return [{ path: issue.path, message: messageOf(issue, root) }];
}

function messageOf(issue: z.core.$ZodIssue, root: unknown): string {
  const found = valueAt(root, issue.path);
  if (found === undefined || (found === null && issue.code === "invalid_type")) {
    return issue.path.length === 0 || found === null ? "is empty" : "is missing";
  }
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${alternatives(issue.values.map(String))}, not “${String(found)}”`;
    case "too_small":
      if (issue.origin === "array") return `needs at least ${issue.minimum} entries`;
      if (issue.origin === "string") return "must not be empty";
      return `must be at least ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `has more than ${issue.maximum} entries`;
      if (issue.origin === "string") return `is longer than ${issue.maximum} characters`;
      return `must be at most ${issue.maximum}`;
    case "invalid_format":
      return (
        formatNames[issue.format] ??
        (issue.message.startsWith("Invalid") ? "is not well formed" : wrong(found, issue.message))
      );
    default:
      return wrong(found, issue.message);
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text (put it in quotes if it looks like a number)",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a group of settings",
  record: "a group of settings",
};

const formatNames: Readonly<Record<string, string>> = {
  date: "must be a date such as 2026-12-15",
  datetime: "must be an instant such as 2026-12-01T08:00:00Z",
  url: "must be an address such as https://matrix.example.org",
};

function wrong(found: unknown, message: string): string {
  const shown = typeof found === "object" ? "" : ` (“${String(found)}”)`;
  return `is wrong${shown}: ${message.replace(/\.$/, "")}`;
}

function alternatives(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `one of ${values.join(", ")}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    root,
  );
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(key),
      );
      // The key's own line: its value may only begin on the next one.
      offset = startOf(pair?.key) ?? offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text;
}
