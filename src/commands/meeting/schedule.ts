import { answer, paragraph } from "../../documents/message/outcome.ts";
import { type Invitation, parseInvitation } from "../../domain/meeting/invitation.ts";
import { zonesOfCase } from "../../services/meeting/read-meetings.ts";
import { scheduleMeeting } from "../../services/meeting/schedule-meeting.ts";
import type { Argument } from "../argument.ts";
import { defineCommand } from "../command.ts";
import { meetingFields } from "../meeting-view.ts";

const invitation: Argument<Invitation> = {
  usage: "[cm|level2|jit|centre|focus-group] <day, time and title> [venue: place]",
  summary:
    "the day comes before the month; the time is in your own zone unless you name another, such as Europe/Amsterdam; add “for 2h” or an end such as 09:30–11:30",
  read: (text, { sentAt, zone, case: { profile } }) => ({
    value: parseInvitation(
      text,
      { zone, reference: sentAt },
      profile.meeting === undefined ? "cm" : "focus-group",
    ),
    rest: "",
  }),
};

export default defineCommand({
  name: "meeting schedule",
  aliases: ["meeting new", "meeting add"],
  bot: "clerk",
  capability: "meeting.schedule",
  summary: "schedule a meeting",
  examples: [
    "meeting schedule 15 December 2026 at 09:30 Europe/Amsterdam for 2h: EIO wave, venue: The Hague",
    "meeting schedule jit tomorrow 14:00 evidence exchange",
    "meeting schedule level2 Fri 10:00–11:00",
  ],
  arguments: { invitation },
  async handle(context, values) {
    const meeting = await scheduleMeeting(context.work, context, values.invitation, context.sentAt);
    return answer(
      paragraph("The meeting is scheduled."),
      meetingFields(meeting, await zonesOfCase(context.work)),
    );
  },
});
