import { answer, type Line, list, paragraph, strong } from "../../documents/message/outcome.ts";
import { formatTakeawayNumber, type Takeaway } from "../../domain/takeaway/takeaway.ts";
import { listTakeaways } from "../../services/takeaway/list-takeaways.ts";
import { optional, word } from "../argument.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "takeaway list",
  aliases: ["t list"],
  bot: "scribe",
  capability: "takeaway.list",
  summary: "list what was recorded for the outcome report",
  examples: ["takeaway list", "t list w1", "t list all"],
  arguments: {
    section: optional(
      word(
        "section",
        "the code or number of a section, or all; in the room of a section, its own",
        (text) => text,
      ),
    ),
  },
  async handle({ work, case: reported, room }, { section }) {
    const sections = await listTakeaways(work, { case: reported, room, section });
    const filled = sections.filter(({ takeaways }) => takeaways.length > 0);
    if (filled.length === 0) return answer(paragraph("Nothing was recorded there yet."));
    return answer(
      ...filled.flatMap(({ section: { number, title }, takeaways }) => [
        paragraph(strong(`${number}. ${title}`)),
        list(takeaways.map(describe)),
      ]),
    );
  },
});

const EXCERPT = 120;

function describe({ number, category, rank, lead, text }: Takeaway): Line {
  const whole = (lead === undefined ? text : `${lead}. ${text}`).replaceAll("\n", " ");
  const characters = [...whole];
  const excerpt =
    characters.length <= EXCERPT ? whole : `${characters.slice(0, EXCERPT).join("").trimEnd()}…`;
  const place = rank === undefined ? "" : ` rank ${rank}`;
  return [strong(formatTakeawayNumber(number)), ` #${category}${place}: ${excerpt}`];
}
