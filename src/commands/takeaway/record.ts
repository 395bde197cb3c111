import { answer, type Outcome, paragraph, strong } from "../../documents/message/outcome.ts";
import { formatTakeawayNumber } from "../../domain/takeaway/takeaway.ts";
import { type RecordedTakeaway, recordTakeaway } from "../../services/takeaway/record-takeaway.ts";
import { restOfMessage } from "../argument.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "takeaway",
  aliases: ["t"],
  bot: "scribe",
  capability: "takeaway.record",
  summary: "record a takeaway for the outcome report",
  examples: [
    "takeaway #challenge s1 rank=2 overcoming patient–doctor confidentiality barriers",
    "t #point w1 **Consent is legally irrelevant.** Apparent consent cannot legitimise exploitation.",
    "t #key Victim identification and protection | Victim identification remains a central challenge.",
    "t #para s3 Participants discussed the growing impact of AI on THB.",
  ],
  arguments: {
    typed: restOfMessage(
      "#category section [rank=N] text",
      "a category such as #point, the section (its code or number; not needed in the room of a section), its place there, and the text",
    ),
  },
  async handle({ work, case: reported, room, eventId }, { typed }) {
    return describe(await recordTakeaway(work, { case: reported, room, typed, eventId }));
  },
});

function describe(result: RecordedTakeaway): Outcome {
  if (result.kind === "counted") {
    return answer(
      paragraph(`Off the record: nothing of it was kept but the count, now ${result.count}.`),
    );
  }
  const { takeaway, section, inReport } = result;
  const place = section === undefined ? "" : ` in ${section.number}. ${section.title}`;
  const rank = takeaway.rank === undefined ? "" : `, rank ${takeaway.rank}`;
  const lead = takeaway.lead === undefined ? "" : ` “${takeaway.lead}”`;
  return answer(
    paragraph(
      strong(formatTakeawayNumber(takeaway.number)),
      ` recorded: #${takeaway.category}${lead}${place}${rank}.`,
      inReport ? "" : " It will not be printed in the report.",
    ),
  );
}
