import * as en from "chrono-node/en";
import type { MaskedText, Span } from "./mask.ts";

/** The clock of the person who typed, at the moment of the message. */
export interface Standpoint {
  /** IANA zone of the sender. */
  readonly zone: string;
  /** The moment of the message (never of its handling: a replay must mean the same day). */
  readonly reference: Temporal.Instant;
}

export interface Reading extends Span {
  readonly text: string;
  readonly start: ReadPoint;
  readonly end: ReadPoint | undefined;
}

/** What one end of a reading says. Parts that were not said are undefined. */
export interface ReadPoint {
  readonly date: Temporal.PlainDate | undefined;
  readonly time: Temporal.PlainTime | undefined;
  /** For `in 2 hours`, `+01:00` and the like: the exact moment, whatever the zone. */
  readonly instant: Temporal.Instant | undefined;
  /** Weekday that was said, 1 (Monday) to 7, when it is not the one of the date. */
  readonly contradictedWeekday: number | undefined;
  /** An abbreviation such as CET or IST: it stands for different zones in different places. */
  readonly zoneAbbreviation: string | undefined;
}

type Result = ReturnType<typeof en.GB.parse>[number];
type Components = Result["start"];

const TRAILING_WORD = /(?<=\d|[ap]\.?m\.?|noon|midnight)[\s,]+\(?([A-Za-z]{2,5})\)?$/i;
const FROM_NOW = /^(?:in|within)\b|\b(?:from now|later)$/i;
const NUMERIC_OFFSET = /(?:[+-]\d{2}:?\d{2}|\dZ)$/i;

/** Everything in a text that reads as a date or a time, in the order of the text. */
export function readDates(
  { visible, padding }: MaskedText,
  { zone, reference }: Standpoint,
): Reading[] {
  const here = reference.toZonedDateTimeISO(zone);
  const results = en.GB.parse(
    visible,
    {
      instant: new Date(reference.epochMilliseconds),
      timezone: Math.round(here.offsetNanoseconds / 60e9),
    },
    { forwardDate: true },
  );
  return results
    .filter((result) => !isExact(result) || FROM_NOW.test(result.text.trim()))
    .map((result) => toReading(result, here, padding));
}

function toReading(
  result: Result,
  here: Temporal.ZonedDateTime,
  padding: readonly Span[],
): Reading {
  const relative = result.tags().has("result/relativeDate");
  const exact = isExact(result);
  const named = !relative && result.start.isCertain("timezoneOffset");
  const offset = named && NUMERIC_OFFSET.test(result.text);
  const abbreviation = named && !offset ? TRAILING_WORD.exec(result.text) : null;
  // chrono-node takes "get", "met" or "art" after a time for the zones GET, MET and ART.
  const isWord = abbreviation !== null && abbreviation[1] !== abbreviation[1]?.toUpperCase();
  const text = isWord ? result.text.slice(0, abbreviation.index) : result.text;
  const end = result.index + text.length;
  const point = (components: Components): ReadPoint =>
    toPoint(components, here, {
      exact: exact || offset,
      relative,
      abbreviation: isWord ? undefined : abbreviation?.[1],
    });
  return {
    text,
    from: result.index,
    to: padding.find(({ from }) => from === end)?.to ?? end,
    start: point(result.start),
    end: result.end ? point(result.end) : undefined,
  };
}

/** Whether it is a length of time from now, to the minute. */
function isExact(result: Result): boolean {
  return result.tags().has("result/relativeDateAndTime");
}

interface Manner {
  readonly exact: boolean;
  readonly relative: boolean;
  readonly abbreviation: string | undefined;
}

function toPoint(components: Components, here: Temporal.ZonedDateTime, manner: Manner): ReadPoint {
  const saysDay = components.isCertain("day") || components.isCertain("weekday");
  const date = saysDay ? dateOf(components, here) : undefined;
  const time = components.isCertain("hour")
    ? Temporal.PlainTime.from({
        hour: components.get("hour") ?? 0,
        minute: components.get("minute") ?? 0,
      })
    : undefined;
  return {
    date,
    time,
    instant: manner.exact
      ? Temporal.Instant.fromEpochMilliseconds(components.date().getTime())
      : undefined,
    contradictedWeekday: manner.relative ? undefined : contradiction(components, date),
    zoneAbbreviation: manner.abbreviation,
  };
}

function dateOf(
  components: Components,
  here: Temporal.ZonedDateTime,
): Temporal.PlainDate | undefined {
  const year = components.get("year") ?? here.year;
  const month = components.get("month") ?? here.month;
  const day = components.get("day") ?? here.day;
  const weekday = saidWeekday(components);
  if (weekday === undefined || components.isCertain("year") || !components.isCertain("day")) {
    return plainDate(year, month, day);
  }
  // A weekday tells the year of "Tue 1 Dec": the nearest one in which they agree.
  const agreeing = [here.year, here.year + 1, here.year - 1]
    .map((candidate) => plainDate(candidate, month, day))
    .find((candidate) => candidate?.dayOfWeek === weekday);
  return agreeing ?? plainDate(year, month, day);
}

function plainDate(year: number, month: number, day: number): Temporal.PlainDate | undefined {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: "reject" });
  } catch {
    return undefined;
  }
}

function saidWeekday(components: Components): number | undefined {
  if (!components.isCertain("weekday")) return undefined;
  const weekday = components.get("weekday");
  return weekday === null ? undefined : weekday === 0 ? 7 : weekday;
}

function contradiction(components: Components, date: Temporal.PlainDate | undefined) {
  const weekday = saidWeekday(components);
  return weekday !== undefined && date !== undefined && date.dayOfWeek !== weekday
    ? weekday
    : undefined;
}
