import { confirmTransition } from "../../services/case/change-state.ts";
import { UsageError, word } from "../argument.ts";
import { stateAnswer } from "../case-view.ts";
import { causeOf } from "../cause.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "case confirm",
  bot: "registrar",
  capability: "case.manage",
  summary: "agree, as a second leader, to a change of the case's state",
  examples: ["case confirm 1"],
  arguments: {
    number: word("number", "the number that the answer to the change has named", (text) => {
      if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace("#", ""));
      throw new UsageError(`“${text}” is not the number of a change, such as 1.`);
    }),
  },
  async handle(context, { number }) {
    const { work, case: of, bots, sentAt, answeredIn, zone } = context;
    const registry = { case: of, bots, cause: causeOf(context) };
    return stateAnswer(
      await confirmTransition(work, registry, number, { at: sentAt, answeredIn }),
      zone,
    );
  },
});
