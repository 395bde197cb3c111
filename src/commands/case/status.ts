import {
  answer,
  fields,
  type Line,
  list,
  paragraph,
  strong,
  table,
} from "../../documents/message/outcome.ts";
import { caseStatus } from "../../services/case/case-status.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "case status",
  bot: "registrar",
  capability: "case.read",
  summary: "show your rooms of this case, how many people are in them, and what is wrong with them",
  examples: ["case status"],
  arguments: {},
  async handle(context) {
    const { code, template, state, people, rooms, findings } = await caseStatus(
      context.work,
      context,
    );
    return answer(
      fields([
        ["Case", strong(code)],
        ["Kind", template],
        ["State", state],
        ["People", String(people)],
      ]),
      rooms.length === 0
        ? paragraph("There is no room to show here.")
        : table(
            ["Room", "Joined", "Invited", "Missing"],
            rooms.map(({ name, made, joined, invited, missing }): readonly Line[] => [
              made ? strong(name) : [strong(name), " (not made yet)"],
              ...[joined, invited, missing].map(String),
            ]),
          ),
      ...(findings.length === 0
        ? []
        : [
            paragraph("Not as it must be:"),
            list(findings.map(({ room, what }): Line => [strong(room), `: ${what}`])),
          ]),
    );
  },
});
