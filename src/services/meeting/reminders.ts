import { listCaseRooms } from "../../db/repositories/cases.ts";
import { cancelTimers, setTimer } from "../../db/repositories/timers.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import {
  formatMeetingNumber,
  type Meeting,
  parseMeetingNumber,
} from "../../domain/meeting/meeting.ts";
import { commonRoom } from "../case/common-room.ts";
import type { CaseWork } from "../work.ts";

/** The kind of the timers of meetings. */
export const REMINDER = "meeting.remind";

/** How long before the start people are reminded. */
export const REMINDER_HOURS = [24, 1] as const;

/** The subject of a reminder's timer: `M-001 24`. */
function subjectOf(number: number, hours: number): string {
  return `${formatMeetingNumber(number)} ${hours}`;
}

/** Reads a subject again; undefined if another version wrote it in another way. */
export function readReminderSubject(
  subject: string,
): { readonly number: number; readonly hours: number } | undefined {
  const [, name = "", hours = ""] = /^(\S+) (\d{1,3})$/.exec(subject) ?? [];
  const number = parseMeetingNumber(name);
  return number === undefined ? undefined : { number, hours: Number(hours) };
}

/**
 * Sets the reminders of a meeting, in the transaction that schedules or moves it; those that were set
 * for another start are removed.
 *
 * @param from what would be due by then is not set: the instant of the message that asks for the meeting
 */
export async function setReminders(
  { db, caseId }: CaseWork,
  { number, start }: Meeting,
  from: Temporal.Instant,
): Promise<void> {
  await cancelReminders({ db, caseId }, number);
  const begins = start.toInstant();
  for (const hours of REMINDER_HOURS) {
    const dueAt = begins.subtract({ hours });
    if (Temporal.Instant.compare(dueAt, from) <= 0) continue;
    const subject = subjectOf(number, hours);
    const cause = `${REMINDER} ${caseId} ${subject} ${begins}`;
    await setTimer(db, { caseId, kind: REMINDER, subject, dueAt, cause });
  }
}

/** Removes the reminders of a meeting that will not take place. */
export async function cancelReminders(
  { db, caseId }: Pick<CaseWork, "db" | "caseId">,
  number: number,
): Promise<void> {
  const subjects = REMINDER_HOURS.map((hours) => subjectOf(number, hours));
  await cancelTimers(db, caseId, REMINDER, subjects);
}

/**
 * Where a meeting is spoken of: in the room where it was scheduled, or, when an operator did it, in
 * the first room of everybody (coordination, plenary) in which the clerk is.
 */
export async function roomOfMeeting(
  { db, caseId }: CaseWork,
  { template }: Case,
  meeting: Meeting,
): Promise<CaseRoom | undefined> {
  const rooms = await listCaseRooms(db, caseId);
  const scheduledIn = rooms.find(({ id }) => id === meeting.room);
  if (scheduledIn !== undefined) return scheduledIn;
  return commonRoom(rooms, template, "clerk");
}
