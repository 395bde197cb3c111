import { answer, fields } from "../../documents/message/outcome.ts";
import { showAgreement } from "../../services/case/agreement.ts";
import { agreementFields } from "../agreement-view.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "case agreement",
  bot: "registrar",
  capability: "case.read",
  summary: "show what the JIT agreement fixes and when it ends",
  examples: ["case agreement"],
  arguments: {},
  async handle({ work, case: of }) {
    return answer(fields(agreementFields(await showAgreement(work, of))));
  },
});
