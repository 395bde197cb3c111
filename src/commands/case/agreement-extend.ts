import { answer, fields, paragraph } from "../../documents/message/outcome.ts";
import { showAgreement } from "../../services/case/agreement.ts";
import { extendAgreement } from "../../services/case/extend-agreement.ts";
import { agreementFields } from "../agreement-view.ts";
import { causeOf } from "../cause.ts";
import { defineCommand } from "../command.ts";
import { calendarDay } from "../date-argument.ts";

export default defineCommand({
  name: "case agreement extend",
  bot: "registrar",
  capability: "case.manage",
  summary: "write down that the parties have extended the JIT agreement",
  examples: ["case agreement extend 2028-06-30", "case agreement extend 30 June 2028"],
  arguments: { until: calendarDay("last day", "the new last day, to its end") },
  async handle(context, { until: to }) {
    const { work, case: of, bots, sentAt: saidAt, room } = context;
    const registry = { case: of, bots, cause: causeOf(context) };
    const changed = await extendAgreement(work, registry, { to, saidAt, room });
    return answer(
      paragraph("The agreement is extended, and its alarms are set anew."),
      fields(agreementFields(await showAgreement(work, changed))),
    );
  },
});
