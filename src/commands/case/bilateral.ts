import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import { statePair } from "../../domain/case/seats.ts";
import { parseState } from "../../domain/request/states.ts";
import { openBilateralRoom } from "../../services/case/bilateral.ts";
import { phrase } from "../argument.ts";
import { registryOf } from "../cause.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "case bilateral",
  bot: "registrar",
  capability: "case.manage",
  summary: "open a room for the people of two States, which the others do not see",
  examples: ["case bilateral RO BE"],
  arguments: {
    one: phrase("State", "one of the two States, such as RO"),
    other: phrase("other State", "the other one, such as BE"),
  },
  async handle(context, { one, other }) {
    const registry = registryOf(context);
    const pair = statePair(parseState(one), parseState(other));
    const { name, created } = await openBilateralRoom(context.work, registry, pair);
    if (context.work.actor.kind === "operator") {
      return answer(
        created
          ? paragraph("The leaders and members of both States are invited to ", strong(name), ".")
          : paragraph("The two States have a room already: ", strong(name), "."),
      );
    }
    // The same whether they had it before, and without its name: others may read this.
    return answer(
      paragraph(
        "The leaders and members of both States have a room of their own, and each of them an invitation to it or a seat in it.",
      ),
      ...(context.answeredIn === undefined
        ? []
        : [
            paragraph(
              "Whoever reads this room has seen that you asked; the room itself is shown to nobody else. An operator can open one unseen.",
            ),
          ]),
    );
  },
});
