import { instrumentCatalogue } from "../../config/instruments.ts";
import { answer, paragraph } from "../../documents/message/outcome.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { findInstrument } from "../../domain/request/instrument.ts";
import { validityNotice } from "../../domain/request/participation.ts";
import { requestSeenFrom } from "../../services/request/read-requests.ts";
import { defineCommand } from "../command.ts";
import { requestFields, requestNumber } from "../request-view.ts";

export default defineCommand({
  name: "request show",
  bot: "clerk",
  capability: "request.read",
  summary: "show a request",
  examples: ["request show EIO-001"],
  arguments: { number: requestNumber },
  async handle(context, { number }) {
    const request = await requestSeenFrom(context.work, context, number);
    const catalogue = instrumentCatalogue();
    const instrument = findInstrument(catalogue, request.instrument);
    if (instrument === undefined) {
      throw new RogatoryError(
        "request.instrument",
        `There is no file for ${request.instrument} in config/instruments any more: ask an operator.`,
      );
    }
    const today = context.sentAt.toZonedDateTimeISO(context.zone).toPlainDate();
    const notice = validityNotice(instrument, today);
    return answer(
      requestFields(request, instrument, catalogue.statuses),
      ...(notice === undefined ? [] : [paragraph(notice)]),
    );
  },
});
