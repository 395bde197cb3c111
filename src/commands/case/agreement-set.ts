import { answer, fields, paragraph } from "../../documents/message/outcome.ts";
import { parseState } from "../../domain/request/states.ts";
import { setAgreement, showAgreement } from "../../services/case/agreement.ts";
import { agreementFields } from "../agreement-view.ts";
import { restOfMessage, word } from "../argument.ts";
import { defineCommand } from "../command.ts";
import { isoDate } from "../date-argument.ts";

export default defineCommand({
  name: "case agreement set",
  bot: "registrar",
  capability: "case.manage",
  summary: "write down what the draft of the JIT agreement fixes",
  examples: [
    "case agreement set RO,BE,NL 2027-01-11 2028-01-10 Trafficking in human beings for sexual exploitation",
  ],
  arguments: {
    parties: word("States", "the parties by their two letters, with commas between", (text) =>
      text
        .split(",")
        .filter((part) => part !== "")
        .map(parseState),
    ),
    from: isoDate("first day", "such as 2027-01-11"),
    to: isoDate("last day", "such as 2028-01-10"),
    purpose: restOfMessage("purpose", "the offences; no personal data"),
  },
  async handle({ work }, { parties, from, to, purpose }) {
    const period = { from: from.toString(), to: to.toString() };
    const changed = await setAgreement(work, { parties, period, purpose });
    return answer(
      paragraph(
        "Written down. When all parties have signed it, a leader types !case state signed, and from its first day on !case state operational.",
      ),
      fields(agreementFields(await showAgreement(work, changed))),
    );
  },
});
