import { RogatoryError } from "../errors.ts";
import { parseDate, type ReadDate } from "../time/date.ts";
import { formatDate } from "../time/format.ts";
import type { Standpoint } from "../time/reading.ts";
import { LONGEST_ACTION } from "./action.ts";

/** What `!action add` was told. */
export interface ActionLine {
  /** As typed, without `@`: who it is has to be found on the roster. */
  readonly owner: string | undefined;
  readonly text: string;
  readonly due: Temporal.PlainDate | undefined;
}

const OWNER = /^\s*@(?:"(?<quoted>[^"]+)"|(?<word>[^\s,]+?))[:,]?(?:\s+(?<rest>[\s\S]*))?$/;
const OWNER_COLON = /^\s*(?<word>[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*):\s+(?<rest>[\s\S]*)$/;
const DUE = /[\s,;(–—-]*\b(?<keyword>by|due(?: by| on)?|until)\s+(?<date>\S[^\n]*?)\s*[.)]?\s*$/i;

/** A date with its keyword is shorter; what stands before is never searched for one. */
const LONGEST_DUE = 80;

/**
 * Reads `[@owner] <what is to be done> [by <date>]`.
 *
 * @throws RogatoryError `action.*` or `date.*`
 */
export function parseActionLine(said: string, standpoint: Standpoint): ActionLine {
  const owned = OWNER.exec(said) ?? OWNER_COLON.exec(said);
  const owner = owned?.groups?.quoted ?? owned?.groups?.word;
  const { text, due } = splitDue(owned === null ? said : (owned.groups?.rest ?? ""), standpoint);
  if (text === "") {
    throw new RogatoryError("action.empty", "Say what is to be done.");
  }
  if (text.length > LONGEST_ACTION) {
    throw new RogatoryError(
      "action.long",
      `An action item has at most ${LONGEST_ACTION} characters. Send the rest as an ordinary message.`,
    );
  }
  return { owner: owner?.trim(), text, due };
}

function splitDue(said: string, standpoint: Standpoint): Pick<ActionLine, "text" | "due"> {
  // The last keyword that a date follows counts: "search by police by 11 December".
  const earliest = said.length - LONGEST_DUE;
  for (let from = said.length; from > earliest; ) {
    const keyword = lastKeyword(said.slice(0, from));
    if (keyword === undefined || keyword < earliest) break;
    from = keyword;
    const match = DUE.exec(said.slice(keyword));
    const read = match === null ? undefined : dueDate(match, standpoint);
    if (read !== undefined) {
      return { text: tidy(said.slice(0, keyword)), due: checkDue(read, standpoint) };
    }
  }
  return { text: tidy(said), due: undefined };
}

function lastKeyword(text: string): number | undefined {
  const matches = [...text.matchAll(/\b(?:by|due|until)\s/gi)];
  return matches.at(-1)?.index;
}

function dueDate(match: RegExpExecArray, standpoint: Standpoint): ReadDate | undefined {
  const said = match.groups?.date ?? "";
  const mustBeDate =
    /^\d/.test(said) || (match.groups?.keyword ?? "").toLowerCase().startsWith("due");
  try {
    const read = parseDate(said, standpoint);
    return read.rest === "" ? read : undefined;
  } catch (error) {
    // "by phone" is no date; "by 31/02/2027" was meant to be one.
    if (mustBeDate) throw error;
    return undefined;
  }
}

function checkDue(
  { date, timeWasSaid }: ReadDate,
  { zone, reference }: Standpoint,
): Temporal.PlainDate {
  if (timeWasSaid) {
    throw new RogatoryError(
      "action.due-time",
      `An action item is due on a day, without a time: write “by ${formatDate(date)}”.`,
    );
  }
  const today = reference.toZonedDateTimeISO(zone).toPlainDate();
  if (Temporal.PlainDate.compare(date, today) < 0) {
    throw new RogatoryError(
      "action.due-past",
      `${formatDate(date)} is in the past. Write a day that is still to come.`,
    );
  }
  return date;
}

function tidy(text: string): string {
  return text.trim().replace(/[\s,;(–—-]+$/, "");
}
