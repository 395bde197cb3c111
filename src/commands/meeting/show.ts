import { answer } from "../../documents/message/outcome.ts";
import { meetingSeenFrom, zonesOfCase } from "../../services/meeting/read-meetings.ts";
import { defineCommand } from "../command.ts";
import { meetingFields, meetingNumber } from "../meeting-view.ts";

export default defineCommand({
  name: "meeting show",
  bot: "clerk",
  capability: "meeting.read",
  summary: "show a meeting and its local times",
  examples: ["meeting show M-001"],
  arguments: { number: meetingNumber },
  async handle(context, { number }) {
    const meeting = await meetingSeenFrom(context.work, context, number);
    return answer(meetingFields(meeting, await zonesOfCase(context.work)));
  },
});
