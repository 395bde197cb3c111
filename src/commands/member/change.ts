import { answer, fields, type Line, paragraph, strong } from "../../documents/message/outcome.ts";
import { changeDetails } from "../../services/member/change-details.ts";
import { defineCommand } from "../command.ts";
import { memberDetails } from "../member-details.ts";
import { memberName } from "../member-view.ts";

export default defineCommand({
  name: "member change",
  aliases: ["member edit"],
  bot: "registrar",
  capability: "member.manage",
  summary: "correct the function, languages or time zone of somebody on the roster",
  examples: [
    "member change @ro-police:example.org zone Europe/Bucharest",
    'member change @ro-police:example.org function "Police officer, cybercrime" languages ro en',
  ],
  arguments: { name: memberName, details: memberDetails },
  async handle({ work }, { name, details }) {
    const { before, after } = await changeDetails(work, name, details);
    const was = before.profile;
    const is = after.profile;
    const rows: (readonly [string, string, string])[] = [
      ["Function", was.function, is.function],
      ["Languages", was.languages.join(", "), is.languages.join(", ")],
      ["Time zone", was.timeZone, is.timeZone],
    ];
    return answer(
      paragraph("Changed on the roster, for ", strong(after.userId), ":"),
      fields(
        rows
          .filter(([, from, to]) => from !== to)
          .map(([label, from, to]): readonly [string, Line] => [
            label,
            [strong(to === "" ? "none" : to), ` (before: ${from === "" ? "none" : from})`],
          ]),
      ),
    );
  },
});
