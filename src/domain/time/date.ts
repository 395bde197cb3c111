import { RogatoryError } from "../errors.ts";
import { formatDate, formatWeekday } from "./format.ts";
import { maskText, normalise, without } from "./mask.ts";
import { type Reading, readDates, type Standpoint } from "./reading.ts";

export interface ReadDate {
  readonly date: Temporal.PlainDate;
  readonly timeWasSaid: boolean;
  /** What remains of the text without the date. */
  readonly rest: string;
}

/**
 * Reads a calendar date, with or without a time, as people type it, day first: `11 December`,
 * `11/12/2026`, `Friday`, `in 2 weeks`. Words such as "by" before it stay in `rest`.
 *
 * @throws RogatoryError `date.*`, with a sentence that says what to write instead.
 */
export function parseDate(said: string, standpoint: Standpoint): ReadDate {
  const masked = maskText(said);
  const readings = readDates(normalise(masked), standpoint).filter(
    ({ start }) => start.date !== undefined || start.instant !== undefined,
  );
  const [reading, other] = readings;
  if (reading === undefined) {
    throw new RogatoryError(
      "date.unreadable",
      `“${said.trim()}” is not a date that exists. Write the day before the month, ${examples(standpoint)}.`,
    );
  }
  if (other !== undefined) {
    throw new RogatoryError(
      "date.two-dates",
      `Which one is meant, “${reading.text.trim()}” or “${other.text.trim()}”? Write one date.`,
    );
  }
  return {
    date: dateOf(reading, standpoint),
    timeWasSaid: reading.start.time !== undefined,
    rest: without(masked, [reading]),
  };
}

function dateOf(reading: Reading, standpoint: Standpoint): Temporal.PlainDate {
  const { date, instant, contradictedWeekday } = reading.start;
  const day = date ?? instant?.toZonedDateTimeISO(standpoint.zone).toPlainDate();
  if (day === undefined || /\b\d{1,2}[/.-](?:1[3-9]|[2-9]\d)[/.-]\d{2,4}\b/.test(reading.text)) {
    throw new RogatoryError(
      "date.day-first",
      `“${reading.text.trim()}” has no such month: the day comes first here, ${examples(standpoint)}.`,
    );
  }
  if (contradictedWeekday !== undefined) {
    throw new RogatoryError(
      "date.weekday",
      `${formatDate(day)} is a ${formatWeekday(day)}, ` +
        `not a ${formatWeekday({ dayOfWeek: contradictedWeekday })}. Correct the one or the other.`,
    );
  }
  return day;
}

function examples({ zone, reference }: Standpoint): string {
  const soon = reference.toZonedDateTimeISO(zone).add({ days: 14 });
  return `for instance “${formatDate(soon)}”, “Friday” or “in 2 weeks”`;
}
