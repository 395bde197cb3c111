import { z } from "zod";
import { RogatoryError } from "../errors.ts";
import { CaseRoomId } from "../ids.ts";
import { formatPeriod } from "../time/format.ts";

/** Kinds of meetings, by the code that people type; terms of the field, spelt out in `meetingKinds`. */
export const MeetingKind = z.enum(["cm", "level2", "jit", "centre", "focus-group"]);
export type MeetingKind = z.infer<typeof MeetingKind>;

export const meetingKinds: Readonly<Record<MeetingKind, string>> = {
  cm: "Coordination meeting",
  level2: "Level II meeting",
  jit: "JIT operational meeting",
  centre: "Coordination centre",
  "focus-group": "Focus group",
};

export const MeetingStatus = z.enum(["scheduled"]);
export type MeetingStatus = z.infer<typeof MeetingStatus>;

/**
 * A moment with its zone, kept as wall-clock time: if a State changes its clocks, a meeting at 09:30
 * stays at 09:30. The offset decides only between times that come twice.
 */
const StoredMoment = z
  .string()
  .transform((text) => Temporal.ZonedDateTime.from(text, { offset: "prefer" }));

export const LONGEST_TITLE = 300;
export const LONGEST_VENUE = 200;

export const MeetingDetails = z.strictObject({
  kind: MeetingKind,
  title: z.string().min(1).max(LONGEST_TITLE),
  start: StoredMoment,
  end: StoredMoment.optional(),
  venue: z.string().min(1).max(LONGEST_VENUE).optional(),
  status: MeetingStatus,
  /** The room in which it was scheduled. */
  room: CaseRoomId.optional(),
});
export type MeetingDetails = z.infer<typeof MeetingDetails>;

export interface Meeting extends MeetingDetails {
  /** Counted from 1 inside the case; people see it as `M-001`. */
  readonly number: number;
}

export function formatMeetingNumber(number: number): string {
  return `M-${String(number).padStart(3, "0")}`;
}

/** Reads `M-001`, `m-1` or `1`; undefined when it is none of these. */
export function parseMeetingNumber(text: string): number | undefined {
  const digits = /^(?:m-?)?0*([1-9]\d{0,5})$/i.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Longer than any meeting: more is a slip of the keyboard, in the year or the length. */
const LONGEST_DAYS = 14;
const FARTHEST_YEARS = 3;

/**
 * Refuses a period that no meeting can have.
 *
 * @throws RogatoryError `meeting.past`, `meeting.far` or `meeting.long`
 */
export function checkMeetingPeriod(
  start: Temporal.ZonedDateTime,
  end: Temporal.ZonedDateTime | undefined,
  now: Temporal.Instant,
): void {
  const here = now.toZonedDateTimeISO(start.timeZoneId);
  if (Temporal.ZonedDateTime.compare(start, here) <= 0) {
    throw new RogatoryError(
      "meeting.past",
      `${formatPeriod(start, end)} is in the past. Write a day and time that are still to come.`,
    );
  }
  if (Temporal.ZonedDateTime.compare(start, here.add({ years: FARTHEST_YEARS })) > 0) {
    throw new RogatoryError(
      "meeting.far",
      `${formatPeriod(start, end)} is more than ${FARTHEST_YEARS} years ahead. Check the year.`,
    );
  }
  if (
    end !== undefined &&
    Temporal.ZonedDateTime.compare(end, start.add({ days: LONGEST_DAYS })) > 0
  ) {
    throw new RogatoryError(
      "meeting.long",
      `${formatPeriod(start, end)} is longer than ${LONGEST_DAYS} days. Check the end.`,
    );
  }
}

/** The order of a calendar; of two that begin together, the one that was scheduled first. */
export function compareMeetings(one: Meeting, other: Meeting): number {
  return Temporal.ZonedDateTime.compare(one.start, other.start) || one.number - other.number;
}

/** When a meeting is over; one without an end is over when its day is. */
export function endOf({ start, end }: Meeting): Temporal.Instant {
  return (end ?? start.add({ days: 1 }).startOfDay()).toInstant();
}

export function isOver(meeting: Meeting, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(endOf(meeting), now) <= 0;
}
