import { z } from "zod";
import { RogatoryError } from "../errors.ts";
import { ReportedMeeting } from "../report/agenda.ts";
import { formatDatesForTitle } from "../report/dates.ts";
import { formatOrdinal } from "../report/ordinals.ts";
import { parseDate } from "../time/date.ts";
import type { Standpoint } from "../time/reading.ts";

const { ordinal, title, organisation, from, to, place } = ReportedMeeting.shape;

/** What is asked about the meeting of an outcome report: one question for each of the three. */
export const MeetingDraft = z.strictObject({
  group: z.strictObject({ ordinal, title }),
  dates: z.strictObject({ from, to }).optional(),
  venue: z.strictObject({ organisation, place }).optional(),
});
export type MeetingDraft = z.infer<typeof MeetingDraft>;

export const meetingExamples = {
  group: "6th meeting of the Focus Group of Specialised Prosecutors",
  dates: "7–8 October 2027",
  venue: "EUROJUST, The Hague",
} as const;

/** `6th meeting of the Focus Group ...`: what stands on the title page. */
export function readGroup(text: string): MeetingDraft["group"] {
  const line = text.replaceAll(/\s+/g, " ");
  const found = /^(\d{1,4})(?:st|nd|rd|th|\.)? (?:meeting of (?:the )?)?(\S.*)$/i.exec(line);
  const group = { ordinal: Number(found?.[1]), title: found?.[2] };
  const read = MeetingDraft.shape.group.safeParse(group).data;
  if (read !== undefined) return read;
  throw wrong(
    `Begin with the number of the meeting, then the name of the group: ${meetingExamples.group}. Or answer skip.`,
  );
}

/** Between the first and the last day; a hyphen is also inside of `2027-10-07`. */
const UNTIL =
  /\s*(?:[–—]|\b(?:to|until|and)\b)\s*|\s+-\s+|(?<!\d{4}-\d\d)-(?!\d\d-\d\d)(?=\d{1,2}\s*[a-z])/i;

/** `7–8 October 2027`, or one day. */
export function readMeetingDates(
  text: string,
  standpoint: Standpoint,
): Exclude<MeetingDraft["dates"], undefined> {
  const [first = "", second, ...more] = text.trim().split(UNTIL);
  const last = more.length > 0 ? undefined : readDay(second ?? first, standpoint);
  if (last === undefined) throw notDates(text);
  if (second === undefined) return { from: last.toString(), to: last.toString() };
  const month = last.toLocaleString("en-GB", { month: "long" });
  // The first day leaves out what it shares with the last.
  const whole = /^\d{1,2}$/.test(first)
    ? `${first} ${month} ${last.year}`
    : /\d{4}/.test(first)
      ? first
      : `${first} ${last.year}`;
  const begin = readDay(whole, standpoint);
  if (begin === undefined) throw notDates(text);
  if (Temporal.PlainDate.compare(begin, last) > 0) {
    throw wrong(`“${text}” ends before it begins: write the first day first.`);
  }
  return { from: begin.toString(), to: last.toString() };
}

/** Undefined if it is more or less than a day. */
function readDay(text: string, standpoint: Standpoint): Temporal.PlainDate | undefined {
  try {
    const { date, rest, timeWasSaid } = parseDate(text, standpoint);
    return rest.trim() === "" && !timeWasSaid ? date : undefined;
  } catch (error) {
    if (error instanceof RogatoryError) return undefined;
    throw error;
  }
}

function notDates(text: string): RogatoryError {
  return wrong(
    `“${text}” is not a day, or a first and a last day: write for instance ${meetingExamples.dates}.`,
  );
}

/** `EUROJUST, The Hague`. */
export function readVenue(text: string): Exclude<MeetingDraft["venue"], undefined> {
  const [organiser = "", ...rest] = text.split(",");
  const venue = { organisation: organiser.trim(), place: rest.join(",").trim() };
  const read = MeetingDraft.shape.venue.unwrap().safeParse(venue).data;
  if (read !== undefined) return read;
  throw wrong(`Write who holds the meeting, a comma, and the place: ${meetingExamples.venue}.`);
}

/** The whole meeting; undefined until all is answered. */
export function meetingOf(draft: MeetingDraft | undefined): ReportedMeeting | undefined {
  if (draft?.dates === undefined || draft.venue === undefined) return undefined;
  return { ...draft.group, ...draft.dates, ...draft.venue };
}

/** The same in a line, to be checked by people. */
export function describeMeeting(meeting: ReportedMeeting): string {
  const start = Temporal.PlainDate.from(meeting.from);
  const dates = formatDatesForTitle({ start, end: Temporal.PlainDate.from(meeting.to) }, "en-dash");
  return `${formatOrdinal(meeting.ordinal)} meeting of ${meeting.title}, ${dates}, ${meeting.organisation}, ${meeting.place}`;
}

function wrong(sentence: string): RogatoryError {
  return new RogatoryError("creation.answer", sentence);
}
