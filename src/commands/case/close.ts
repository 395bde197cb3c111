import { changeState, finalStateAfter } from "../../services/case/change-state.ts";
import { optional, restOfMessage } from "../argument.ts";
import { stateAnswer } from "../case-view.ts";
import { causeOf } from "../cause.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "case close",
  bot: "registrar",
  capability: "case.manage",
  summary: "end the case for good: people leave its rooms, and retention times begin",
  examples: ["case close", "case close evaluation completed"],
  arguments: {
    reason: optional(restOfMessage("reason", "kept in the log of the case, sealed")),
  },
  async handle(context, { reason }) {
    const { work, case: of, bots, sentAt, answeredIn, zone } = context;
    const transition = {
      to: finalStateAfter(of),
      ...(reason === undefined ? {} : { reason }),
    };
    const registry = { case: of, bots, cause: causeOf(context) };
    return stateAnswer(
      await changeState(work, registry, transition, { at: sentAt, answeredIn }),
      zone,
    );
  },
});
