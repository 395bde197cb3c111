import { roomTemplate } from "../../config/room-template.ts";
import { answer, code, list, paragraph, strong } from "../../documents/message/outcome.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import { changeState, nextStates } from "../../services/case/change-state.ts";
import { optional, restOfMessage } from "../argument.ts";
import { stateAnswer } from "../case-view.ts";
import { causeOf } from "../cause.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "case state",
  bot: "registrar",
  capability: "case.manage",
  summary: "show the state of the case and what can follow, or bring it into the next one",
  examples: ["case state", "case state signed", "case state report adopted"],
  arguments: {
    state: optional(restOfMessage("state", "a state that can follow; !case state lists them")),
  },
  async handle(context, { state }) {
    const { work, case: of, bots, sentAt, answeredIn, zone } = context;
    if (state !== undefined) {
      const to = state.trim().toLowerCase().split(/\s+/).join("-");
      const registry = { case: of, bots, cause: causeOf(context) };
      return stateAnswer(
        await changeState(work, registry, { to }, { at: sentAt, answeredIn }),
        zone,
      );
    }
    const { life } = roomTemplate(of.template);
    const { title } = stateOf(life, stateNameOf(life, of.state));
    const next = nextStates(of);
    return answer(
      paragraph("The case is ", strong(title), "."),
      ...(next.length === 0
        ? []
        : [
            list(
              next.map(({ name, title: later }) => [code(`!case state ${name}`), ` — ${later}`]),
            ),
          ]),
    );
  },
});
