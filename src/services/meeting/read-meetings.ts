import { listPeople } from "../../db/repositories/cases.ts";
import { findMeeting, listMeetings } from "../../db/repositories/meetings.ts";
import { RogatoryError } from "../../domain/errors.ts";
import {
  compareMeetings,
  formatMeetingNumber,
  isOver,
  type Meeting,
} from "../../domain/meeting/meeting.ts";
import { type Place, visibleFrom } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

/** Meetings that may be named in this place, in the order of the calendar. */
export async function meetingsSeenFrom(
  work: CaseWork,
  place: Place,
  which: "upcoming" | "all",
  saidAt: Temporal.Instant,
): Promise<readonly Meeting[]> {
  const visible = await visibleFrom(work, place);
  const meetings = await listMeetings(work.db, work.seal, work.caseId);
  return meetings
    .filter(({ room }) => visible(room))
    .filter((meeting) => which === "all" || !isOver(meeting, saidAt))
    .toSorted(compareMeetings);
}

/** @throws RogatoryError `meeting.unknown`, also for a meeting that may not be named in this place */
export async function meetingSeenFrom(
  work: CaseWork,
  place: Place,
  number: number,
): Promise<Meeting> {
  const visible = await visibleFrom(work, place);
  const meeting = await findMeeting(work.db, work.seal, work.caseId, number);
  if (meeting !== undefined && visible(meeting.room)) return meeting;
  throw new RogatoryError(
    "meeting.unknown",
    `There is no meeting ${formatMeetingNumber(number)} here. !meeting list all shows them.`,
  );
}

/** The zones in which the people of the case live. */
export async function zonesOfCase(work: CaseWork): Promise<ReadonlySet<string>> {
  const people = await listPeople(work.db, work.seal, work.caseId);
  return new Set(people.map(({ profile }) => profile.timeZone));
}
