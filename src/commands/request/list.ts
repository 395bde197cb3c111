import { instrumentCatalogue } from "../../config/instruments.ts";
import { answer, code, paragraph, strong, table } from "../../documents/message/outcome.ts";
import { formatRequestNumber } from "../../domain/request/request.ts";
import { stateName } from "../../domain/request/states.ts";
import { requestsSeenFrom } from "../../services/request/read-requests.ts";
import { defineCommand } from "../command.ts";
import { addresseeOf, statusLabel } from "../request-view.ts";

export default defineCommand({
  name: "request list",
  aliases: ["requests"],
  bot: "clerk",
  capability: "request.read",
  summary: "list the requests of this case",
  examples: ["request list"],
  arguments: {},
  async handle(context) {
    const requests = await requestsSeenFrom(context.work, context);
    if (requests.length === 0) {
      return answer(
        paragraph(
          "There is no request yet. ",
          code("!help request new"),
          " shows how to draft one.",
        ),
      );
    }
    const { statuses } = instrumentCatalogue();
    return answer(
      table(
        ["Number", "From", "To", "Measure", "Status"],
        requests.map((request) => [
          strong(formatRequestNumber(request)),
          stateName(request.issuing),
          addresseeOf(request),
          request.measure,
          statusLabel(request, statuses),
        ]),
      ),
      paragraph("Time limits: not computed yet."),
    );
  },
});
