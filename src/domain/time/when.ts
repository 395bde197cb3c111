import { RogatoryError } from "../errors.ts";
import { findDurations } from "./duration.ts";
import { formatDate, formatDay, formatWeekday } from "./format.ts";
import {
  blank,
  type MaskedText,
  maskText,
  normalise,
  nothingBetween,
  type Span,
  untilBetween,
  without,
} from "./mask.ts";
import { type Reading, type ReadPoint, readDates, type Standpoint } from "./reading.ts";
import { atWallClock, findZones } from "./zone.ts";

export interface When {
  readonly start: Temporal.ZonedDateTime;
  readonly end: Temporal.ZonedDateTime | undefined;
  /** From start to end, as exact time; undefined when no end was said. */
  readonly duration: Temporal.Duration | undefined;
  /** Whether the zone was written, and not taken from the sender. */
  readonly zoneWasSaid: boolean;
  /** What remains of the text without the date: a title, usually. */
  readonly rest: string;
}

/**
 * Reads a date and time as people type them, day first:
 * `15 December 2026 at 09:30`, `Fri 10:00 for 2h`, `15/12/2026 09:30–11:30 Europe/Amsterdam`.
 * A named zone wins over the sender's; relative words count from the moment of the message.
 *
 * @throws RogatoryError `time.*`, with a sentence that says what to write instead.
 */
export function parseWhen(said: string, standpoint: Standpoint): When {
  const masked = maskText(said);
  const durations = findDurations(masked);
  const zones = findZones(masked);
  const visible = normalise([...durations, ...zones].reduce(blank, masked));
  const readings = readDates(visible, standpoint);
  const reading = choose(visible, readings, standpoint);
  refuseDoubt(visible, reading, readings, standpoint);

  const parts: Span[] = [reading];
  const belongs = (found: Span): boolean =>
    nothingBetween(visible, 0, found.from) ||
    nothingBetween(visible, found.to, said.length) ||
    parts.some(
      (part) =>
        nothingBetween(visible, part.to, found.from) ||
        nothingBetween(visible, found.to, part.from),
    );
  const take = <Found extends Span>(all: readonly Found[]): Found | undefined => {
    const found = all.find((each) => !parts.includes(each) && belongs(each));
    if (found !== undefined) parts.push(found);
    return found;
  };
  // A zone and a length may follow the date in either order.
  const nearZone = take(zones);
  const duration = take(durations);
  const namedZone = (nearZone ?? take(zones))?.zone;
  const zone = namedZone ?? standpoint.zone;

  const start = momentOf(reading.start, zone);
  const end = endOf(reading, start, duration?.duration);
  return {
    start,
    end,
    duration: end === undefined ? undefined : start.until(end, { largestUnit: "hours" }),
    zoneWasSaid: namedZone !== undefined,
    rest: without(masked, parts),
  };
}

function choose(text: MaskedText, readings: readonly Reading[], standpoint: Standpoint): Reading {
  const complete = readings.filter(({ start }) => start.instant ?? (start.date && start.time));
  const [only, other] = complete;
  if (only !== undefined && other !== undefined && untilBetween(text, only.to, other.from)) {
    const period = { from: only.from, to: other.to, text: `${only.text} – ${other.text}` };
    return { ...period, start: only.start, end: other.start };
  }
  if (only !== undefined && other === undefined) return only;
  if (only !== undefined) {
    const atAnEnd = complete.filter(
      ({ from, to }) =>
        nothingBetween(text, 0, from) || nothingBetween(text, to, text.original.length),
    );
    const [outer, second] = atAnEnd;
    if (outer !== undefined && second === undefined) return outer;
    throw twoDates(complete);
  }
  const dateOnly = readings.find(({ start }) => start.date !== undefined);
  if (dateOnly?.start.date !== undefined) {
    throw new RogatoryError(
      "time.missing",
      `At what time on ${formatDay(dateOnly.start.date)}? Write the time next to the date, ` +
        `for instance “${formatDate(dateOnly.start.date)} at 09:30”.`,
    );
  }
  const timeOnly = readings.find(({ start }) => start.time !== undefined);
  if (timeOnly !== undefined) {
    throw new RogatoryError(
      "time.day-missing",
      `On which day at ${timeOnly.text.trim()}? Write the day next to the time, ${examples(standpoint)}.`,
    );
  }
  throw new RogatoryError(
    "time.unreadable",
    `No date and time that exist were found. Write the day before the month, ${examples(standpoint)}.`,
  );
}

function besides(text: MaskedText, from: number, to: number): boolean {
  const between = text.original.slice(from, to);
  return from <= to && /^[\s,;:.()\u2013\u2014-]*(?:\b(?:at|on|from)\b\s*)?$/i.test(between);
}

/** Stops at anything that could mean two things. */
function refuseDoubt(
  text: MaskedText,
  reading: Reading,
  readings: readonly Reading[],
  standpoint: Standpoint,
): void {
  const beside = readings.find(
    (other) =>
      other !== reading &&
      other.start.date !== undefined &&
      (besides(text, other.to, reading.from) || besides(text, reading.to, other.from)),
  );
  if (beside !== undefined) throw twoDates([beside, reading]);

  if (/\b\d{1,2}[/.-](?:1[3-9]|[2-9]\d)[/.-]\d{2,4}\b/.test(reading.text)) {
    throw new RogatoryError(
      "time.day-first",
      `“${reading.text.trim()}” has no such month: the day comes first here. ` +
        `Write the month in words to be sure, ${examples(standpoint)}.`,
    );
  }
  for (const point of [reading.start, reading.end]) refuseDoubtfulPoint(point, reading);
}

function refuseDoubtfulPoint(point: ReadPoint | undefined, reading: Reading): void {
  if (point === undefined) return;
  if (point.zoneAbbreviation !== undefined) {
    throw new RogatoryError(
      "time.zone-abbreviation",
      `“${point.zoneAbbreviation}” does not name one time zone. ` +
        "Write a place, such as Europe/Amsterdam, or UTC; or nothing, for your own zone.",
    );
  }
  if (point.contradictedWeekday !== undefined && point.date !== undefined) {
    throw new RogatoryError(
      "time.weekday",
      `${formatDate(point.date)} is a ${formatWeekday(point.date)}, ` +
        `not a ${formatWeekday({ dayOfWeek: point.contradictedWeekday })}. Correct the one or the other.`,
    );
  }
  const { time } = point;
  const exactClock = /\d[:.]\d{2}|\d\s*[ap]\.?m\b/i.test(reading.text);
  if (
    point.instant === undefined &&
    time !== undefined &&
    !exactClock &&
    time.hour >= 1 &&
    time.hour <= 6
  ) {
    throw new RogatoryError(
      "time.half-day",
      `Is that ${time.toString({ smallestUnit: "minute" })} or ` +
        `${time.add({ hours: 12 }).toString({ smallestUnit: "minute" })}? Write the time with hours and minutes.`,
    );
  }
}

function momentOf(point: ReadPoint, zone: string): Temporal.ZonedDateTime {
  if (point.instant !== undefined) return point.instant.toZonedDateTimeISO(zone);
  if (point.date === undefined || point.time === undefined) {
    throw new RogatoryError("time.unreadable", "Write both a day and a time.");
  }
  return atWallClock(point.date.toPlainDateTime(point.time), zone);
}

function endOf(
  reading: Reading,
  start: Temporal.ZonedDateTime,
  duration: Temporal.Duration | undefined,
): Temporal.ZonedDateTime | undefined {
  if (
    reading.end === undefined ||
    (reading.end.time === undefined && reading.end.instant === undefined)
  ) {
    return duration === undefined ? undefined : start.add(duration);
  }
  if (duration !== undefined) {
    throw new RogatoryError("time.two-ends", "Write either the end or the length, not both.");
  }
  const end = momentOf(reading.end, start.timeZoneId);
  if (Temporal.ZonedDateTime.compare(end, start) <= 0) {
    throw new RogatoryError("time.end-first", "The end must come after the start.");
  }
  return end;
}

function twoDates(readings: readonly Reading[]): RogatoryError {
  const [first, second] = readings.map(({ text }) => `“${text.trim()}”`);
  return new RogatoryError(
    "time.two-dates",
    `Which one is meant, ${first} or ${second}? Write one date; put a title that contains another in "double quotes".`,
  );
}

/** Examples that will still be in the future for whoever reads them. */
function examples({ zone, reference }: Standpoint): string {
  const soon = reference.toZonedDateTimeISO(zone).add({ days: 14 });
  return `for instance “${formatDate(soon)} at 09:30”, “tomorrow 14:00” or “Fri 10:00 for 2h”`;
}
