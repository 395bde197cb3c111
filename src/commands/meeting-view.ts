import { type Block, fields, type Line } from "../documents/message/outcome.ts";
import {
  formatMeetingNumber,
  type Meeting,
  meetingKinds,
  parseMeetingNumber,
} from "../domain/meeting/meeting.ts";
import { formatDuration, formatLocalTimes, formatPeriod } from "../domain/time/format.ts";
import { UsageError, word } from "./argument.ts";

export const meetingNumber = word("number", "the number of the meeting, such as M-001", (text) => {
  const number = parseMeetingNumber(text);
  if (number !== undefined) return number;
  throw new UsageError(`“${text}” is not the number of a meeting: it looks like M-001.`);
});

/** A meeting with what the clocks of its people show then. */
export function meetingFields(meeting: Meeting, zones: Iterable<string>): Block {
  const { start, end, venue, kind, title } = meeting;
  const localTimes = formatLocalTimes(start, end, zones);
  const entries: (readonly [string, Line])[] = [
    ["Number", { strong: formatMeetingNumber(meeting.number) }],
    ...(title === meetingKinds[kind] ? [] : [["Title", title] as const]),
    ["Kind", meetingKinds[kind]],
    ["When", { strong: formatPeriod(start, end) }],
    ...(localTimes.length === 0 ? [] : [["Local times", localTimes.join("; ")] as const]),
    ...(end === undefined ? [] : [["Length", formatDuration(start.until(end))] as const]),
    ...(venue === undefined ? [] : [["Venue", venue] as const]),
  ];
  return fields(entries);
}
