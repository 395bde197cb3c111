import { parseDate } from "../domain/time/date.ts";
import { type Argument, restOfMessage, UsageError, word } from "./argument.ts";

/** A calendar day as people type it, to the end of the message; in their own time zone where that matters. */
export function calendarDay(name: string, summary: string): Argument<Temporal.PlainDate> {
  const text = restOfMessage(name, summary);
  return {
    ...text,
    read(said, context) {
      const { value } = text.read(said, context);
      const iso = isoDay(value);
      if (iso !== undefined) return { value: iso, rest: "" };
      const { date, rest } = parseDate(value, { zone: context.zone, reference: context.sentAt });
      return { value: date, rest };
    },
  };
}

/** The same in one word, such as 2028-06-30. */
export function isoDate(name: string, summary: string): Argument<Temporal.PlainDate> {
  return word(name, summary, (text) => {
    const day = isoDay(text);
    if (day !== undefined) return day;
    throw new UsageError(`“${text}” is not a day: write year, month and day, such as 2028-06-30.`);
  });
}

function isoDay(text: string): Temporal.PlainDate | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  try {
    return Temporal.PlainDate.from(text, { overflow: "reject" });
  } catch {
    return undefined;
  }
}
