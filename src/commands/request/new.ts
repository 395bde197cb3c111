import { instrumentCatalogue } from "../../config/instruments.ts";
import { answer, paragraph } from "../../documents/message/outcome.ts";
import { parseRequestLine, type RequestLine } from "../../domain/request/line.ts";
import { validityNotice } from "../../domain/request/participation.ts";
import { formatRequestNumber } from "../../domain/request/request.ts";
import { findState } from "../../domain/request/states.ts";
import { createRequest } from "../../services/request/create-request.ts";
import type { Argument } from "../argument.ts";
import { defineCommand } from "../command.ts";
import { requestFields } from "../request-view.ts";

const line: Argument<RequestLine> = {
  usage: "<instrument> to <State> [from State]: <measure>",
  summary:
    "an instrument such as EIO, FRZ or MLA, and States by their two letters or names; without “from”, your own State",
  read: (text) => ({ value: parseRequestLine(text, instrumentCatalogue()), rest: "" }),
};

export default defineCommand({
  name: "request new",
  aliases: ["request add", "request create"],
  bot: "clerk",
  capability: "request.create",
  summary: "draft a legal instrument for another State",
  examples: [
    "request new EIO to BE: bank statements and hotel registers",
    "request new MLA to Serbia from RO: hearing of a witness",
  ],
  arguments: { line },
  async handle(context, values) {
    const { instrument } = values.line;
    const catalogue = instrumentCatalogue();
    const today = context.sentAt.toZonedDateTimeISO(context.zone).toPlainDate();
    const request = await createRequest(
      context.work,
      context,
      values.line,
      catalogue,
      findState(context.sender?.profile.state ?? ""),
      today,
    );
    const notice = validityNotice(instrument, today);
    return answer(
      paragraph(
        `${formatRequestNumber(request)} is drafted. It is only kept track of here: transmit it through the official channel.`,
      ),
      requestFields(request, instrument, catalogue.statuses),
      ...(notice === undefined ? [] : [paragraph(notice)]),
    );
  },
});
