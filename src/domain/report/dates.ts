import { formatDate, formatDayAndMonth } from "../time/format.ts";

export interface DateRange {
  readonly start: Temporal.PlainDate;
  /** The last day, inclusive; the same as `start` for a meeting of one day. */
  readonly end: Temporal.PlainDate;
}

export type DateDash = "en-dash" | "hyphen";

/** `24–25 September 2025`, `30 June–1 July 2025`, `31 December 2025–1 January 2026`. */
export function formatDatesForTitle({ start, end }: DateRange, dash: DateDash): string {
  const [first, last] = withoutRepetition(start, end);
  return first === undefined ? last : `${first}${dash === "en-dash" ? "–" : "-"}${last}`;
}

/** `24 and 25 September 2025`; three days and more: `24 to 26 September 2025`. */
export function formatDatesForProse({ start, end }: DateRange): string {
  const [first, last] = withoutRepetition(start, end);
  if (first === undefined) return last;
  return `${first} ${start.until(end).days === 1 ? "and" : "to"} ${last}`;
}

/** The first date leaves out what it shares with the last, as the Interinstitutional Style Guide does. */
function withoutRepetition(
  start: Temporal.PlainDate,
  end: Temporal.PlainDate,
): readonly [first: string | undefined, last: string] {
  const last = formatDate(end);
  if (start.equals(end)) return [undefined, last];
  if (start.year !== end.year) return [formatDate(start), last];
  return [start.month === end.month ? String(start.day) : formatDayAndMonth(start), last];
}
