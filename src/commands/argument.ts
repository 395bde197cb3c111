import type { Case, CaseRoom } from "../domain/case/case.ts";
import { RogatoryError } from "../domain/errors.ts";
import { nearest } from "../domain/text/nearest.ts";

/** What an argument may need to understand what was typed. */
export interface ArgumentContext {
  /** When the message was sent: "tomorrow" is the day after this, however late it is handled. */
  readonly sentAt: Temporal.Instant;
  /** The IANA time zone of the person who typed. */
  readonly zone: string;
  readonly case: Case;
  readonly room: CaseRoom | undefined;
}

/**
 * Reads one argument from the start of `text` and hands on the rest. A failure is a RogatoryError
 * whose sentence says what was expected; the command's usage line is added to it.
 */
export interface Argument<T> {
  /** As shown in the usage line: `<when>` if obligatory, `[number]` if not. */
  readonly usage: string;
  readonly summary: string;
  read(text: string, context: ArgumentContext): { readonly value: T; readonly rest: string };
}

export class UsageError extends RogatoryError {
  constructor(message: string) {
    super("command.usage", message);
  }
}

/** Everything up to the end of the message, lines included; it must not be empty. */
export function restOfMessage(name: string, summary: string): Argument<string> {
  return {
    usage: `<${name}>`,
    summary,
    read(text) {
      const value = text.trim();
      if (value === "") throw new UsageError(`The ${name} is missing.`);
      return { value, rest: "" };
    },
  };
}

/** One word, checked and converted by `parse`, which throws a UsageError with what it expects. */
export function word<T>(
  name: string,
  summary: string,
  parse: (text: string, context: ArgumentContext) => T,
): Argument<T> {
  return {
    usage: `<${name}>`,
    summary,
    read(text, context) {
      const [, first = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
      if (first === "") throw new UsageError(`The ${name} is missing.`);
      return { value: parse(first, context), rest };
    },
  };
}

const QUOTED = /^\s*(?:"([^"]*)"|“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»)\s*([\s\S]*)$/;

/** One word, or several in quotation marks of any kind: clients make typographic ones of them. */
export function phrase(name: string, summary: string): Argument<string> {
  return {
    usage: `<${name}>`,
    summary,
    read(text) {
      const [whole, ...parts] = QUOTED.exec(text) ?? [];
      const [, first = "", after = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
      const value = (whole === undefined ? first : parts.slice(0, -1).join("")).trim();
      if (value === "") throw new UsageError(`The ${name} is missing.`);
      return { value, rest: whole === undefined ? after : (parts.at(-1) ?? "") };
    },
  };
}

/** One of a few words; a mistyped one is answered with the nearest. */
export function choice<const T extends string>(
  name: string,
  summary: string,
  values: readonly T[],
): Argument<T> {
  return word(name, summary, (text) => {
    const match = values.find((value) => value.toLowerCase() === text.toLowerCase());
    if (match !== undefined) return match;
    const guess = nearest(text, values);
    const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
    throw new UsageError(`“${text}” is not a ${name}: use ${values.join(", ")}.${hint}`);
  });
}

/** The same argument, which may be left out at the end of the message. */
export function optional<T>(argument: Argument<T>): Argument<T | undefined> {
  return {
    usage: `[${argument.usage.replace(/^<|>$/g, "")}]`,
    summary: argument.summary,
    read(text, context) {
      return text.trim() === "" ? { value: undefined, rest: "" } : argument.read(text, context);
    },
  };
}
