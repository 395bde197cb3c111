import { answer, paragraph } from "../../documents/message/outcome.ts";
import { type ActionLine, parseActionLine } from "../../domain/action/line.ts";
import { addAction } from "../../services/action/add-action.ts";
import { actionFields } from "../action-view.ts";
import type { Argument } from "../argument.ts";
import { defineCommand } from "../command.ts";

const line: Argument<ActionLine> = {
  usage: "[@who] <what is to be done> [by date]",
  summary:
    "who is a State, a function or a name of the roster, such as @RO-PROS; without it, yourself",
  read: (text, { sentAt, zone }) => ({
    value: parseActionLine(text, { zone, reference: sentAt }),
    rest: "",
  }),
};

export default defineCommand({
  name: "action add",
  aliases: ["action new"],
  bot: "clerk",
  capability: "action.add",
  summary: "add an action item",
  examples: [
    "action add @RO draft the EIO for the bank statements by 11 December 2026",
    "action add send the list of hotels by Friday",
  ],
  arguments: { line },
  async handle(context, values) {
    const action = await addAction(context.work, context, values.line);
    return answer(paragraph("The action item is added."), actionFields(action, context.zone));
  },
});
