import { meetingFields } from "../../commands/meeting-view.ts";
import { roomTemplate } from "../../config/room-template.ts";
import { findMeeting } from "../../db/repositories/meetings.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import { formatMeetingNumber } from "../../domain/meeting/meeting.ts";
import { formatDuration } from "../../domain/time/format.ts";
import { logAct } from "../../services/acts.ts";
import { zonesOfCase } from "../../services/meeting/read-meetings.ts";
import {
  REMINDER,
  REMINDER_HOURS,
  readReminderSubject,
  roomOfMeeting,
} from "../../services/meeting/reminders.ts";
import { defineTimer } from "../timer.ts";

const lastHours = Math.min(...REMINDER_HOURS);

export default defineTimer({
  kind: REMINDER,
  bot: "clerk",
  async handle({ work, case: of, subject }) {
    const read = readReminderSubject(subject);
    if (read === undefined) return undefined;
    const { life } = roomTemplate(of.template);
    // Nobody is left in the rooms of a case that is over.
    if (stateOf(life, stateNameOf(life, of.state)).final) return undefined;
    const meeting = await findMeeting(work.db, work.seal, work.caseId, read.number);
    if (meeting === undefined || meeting.status !== "scheduled") return undefined;
    const left = work.now.until(meeting.start.toInstant());
    // So late that the last reminder is due as well: that one alone is enough.
    if (read.hours > lastHours && left.total("hours") <= lastHours) return undefined;
    const room = await roomOfMeeting(work, of, meeting);
    if (room === undefined) return undefined;
    const number = formatMeetingNumber(meeting.number);
    await logAct(work, REMINDER, { meeting: number });
    return {
      room,
      ...answer(
        paragraph(
          "Reminder: ",
          strong(`${number} ${meeting.title}`),
          left.sign > 0 ? ` starts in ${formatDuration(left)}.` : " has begun.",
        ),
        meetingFields(meeting, await zonesOfCase(work)),
      ),
    };
  },
});
