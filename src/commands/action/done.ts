import { answer } from "../../documents/message/outcome.ts";
import { completeAction } from "../../services/action/complete-action.ts";
import { actionFields, actionNumber } from "../action-view.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "action done",
  aliases: ["action complete"],
  bot: "clerk",
  capability: "action.complete",
  summary: "mark an action item as done",
  examples: ["action done A-001"],
  arguments: { number: actionNumber },
  async handle(context, { number }) {
    const action = await completeAction(context.work, context, number, context.sentAt);
    return answer(actionFields(action, context.zone));
  },
});
