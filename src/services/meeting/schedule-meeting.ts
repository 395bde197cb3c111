import { takeNumber } from "../../db/repositories/counters.ts";
import { insertMeeting } from "../../db/repositories/meetings.ts";
import type { Invitation } from "../../domain/meeting/invitation.ts";
import {
  checkMeetingPeriod,
  formatMeetingNumber,
  type Meeting,
} from "../../domain/meeting/meeting.ts";
import { logAct } from "../acts.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";
import { setReminders } from "./reminders.ts";

/**
 * Schedules a meeting of the case.
 *
 * @param saidAt the instant of the message: what was in the future then may be replayed later
 * @throws RogatoryError `meeting.past`, `meeting.far` or `meeting.long`
 */
export async function scheduleMeeting(
  work: CaseWork,
  { room }: Place,
  { kind, title, start, end, venue }: Invitation,
  saidAt: Temporal.Instant,
): Promise<Meeting> {
  checkMeetingPeriod(start, end, saidAt);
  const number = await takeNumber(work.db, work.caseId, "meeting");
  const meeting: Meeting = {
    number,
    kind,
    title,
    start,
    end,
    venue,
    status: "scheduled",
    room: room?.id,
  };
  await insertMeeting(work.db, work.seal, work.caseId, meeting);
  await setReminders(work, meeting, saidAt);
  await logAct(work, "meeting.schedule", { meeting: formatMeetingNumber(number), title, start });
  return meeting;
}
