import { answer, code, paragraph, strong, table } from "../../documents/message/outcome.ts";
import { formatMeetingNumber } from "../../domain/meeting/meeting.ts";
import { formatPeriodFor } from "../../domain/time/format.ts";
import { meetingsSeenFrom } from "../../services/meeting/read-meetings.ts";
import { choice, optional } from "../argument.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "meeting list",
  aliases: ["meetings"],
  bot: "clerk",
  capability: "meeting.read",
  summary: "list the meetings to come, or all",
  examples: ["meeting list", "meeting list all"],
  arguments: {
    which: optional(
      choice("upcoming|all", "without it, the meetings to come", ["upcoming", "all"]),
    ),
  },
  async handle(context, { which = "upcoming" }) {
    const meetings = await meetingsSeenFrom(context.work, context, which, context.sentAt);
    if (meetings.length === 0) {
      return answer(
        paragraph(
          which === "all" ? "No meeting was scheduled yet. " : "No meeting is to come. ",
          code("!help meeting schedule"),
          " shows how to schedule one.",
        ),
      );
    }
    return answer(
      table(
        ["Number", "When", "Title", "Venue"],
        meetings.map(({ number, start, end, title, venue }) => [
          strong(formatMeetingNumber(number)),
          formatPeriodFor(context.zone, start, end),
          title,
          venue ?? "",
        ]),
      ),
    );
  },
});
