import { answer, code, paragraph, strong, table } from "../../documents/message/outcome.ts";
import { formatActionNumber } from "../../domain/action/action.ts";
import { actionsSeenFrom } from "../../services/action/read-actions.ts";
import { dueCell } from "../action-view.ts";
import { choice, optional } from "../argument.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "action list",
  aliases: ["actions"],
  bot: "clerk",
  capability: "action.read",
  summary: "list the open action items, or those done, or all",
  examples: ["action list", "action list all"],
  arguments: {
    which: optional(choice("open|done|all", "without it, the open ones", ["open", "done", "all"])),
  },
  async handle(context, { which = "open" }) {
    const actions = await actionsSeenFrom(context.work, context, which);
    if (actions.length === 0) {
      return answer(
        paragraph(
          which === "all" ? "There is no action item yet. " : `There is no ${which} action item. `,
          code("!help action add"),
          " shows how to add one.",
        ),
      );
    }
    const today = context.sentAt.toZonedDateTimeISO(context.zone).toPlainDate();
    return answer(
      table(
        ["Number", "What", "Who", "Due"],
        actions.map((action) => [
          strong(formatActionNumber(action.number)),
          action.text,
          action.owner.label,
          dueCell(action, today),
        ]),
      ),
    );
  },
});
