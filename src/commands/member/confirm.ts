import { roomTemplate } from "../../config/room-template.ts";
import { confirmMemberChange } from "../../services/member/change-member.ts";
import { UsageError, word } from "../argument.ts";
import { registryOf } from "../cause.ts";
import { defineCommand } from "../command.ts";
import { changeAnswer } from "../member-view.ts";

export default defineCommand({
  name: "member confirm",
  bot: "registrar",
  capability: "member.manage",
  summary: "agree, as a second leader, to a change of the roster",
  examples: ["member confirm 1"],
  arguments: {
    number: word("number", "the number that the answer to the change has named", (text) => {
      if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace("#", ""));
      throw new UsageError(`“${text}” is not the number of a change, such as 1.`);
    }),
  },
  async handle(context, { number }) {
    const { work, case: of, sentAt, zone } = context;
    const registry = registryOf(context);
    const changed = await confirmMemberChange(work, registry, number, sentAt);
    return changeAnswer(changed, roomTemplate(of.template), zone);
  },
});
