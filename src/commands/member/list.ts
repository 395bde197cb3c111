import { roomTemplate } from "../../config/room-template.ts";
import { listPeople } from "../../db/repositories/cases.ts";
import { answer, strong, table } from "../../documents/message/outcome.ts";
import { describePerson } from "../../domain/case/person.ts";
import { defineCommand } from "../command.ts";
import { roleTitle } from "../member-view.ts";

export default defineCommand({
  name: "member list",
  aliases: ["members"],
  bot: "registrar",
  capability: "member.read",
  summary: "list the people of this case and their roles",
  examples: ["member list"],
  arguments: {},
  async handle({ work, case: of }) {
    const people = await listPeople(work.db, work.seal, work.caseId);
    const template = roomTemplate(of.template);
    return answer(
      table(
        ["Who", "Role", "Matrix id", "Time zone", "Languages"],
        people.map(({ userId, profile }) => [
          strong(describePerson(profile)),
          roleTitle(template, profile.role),
          userId,
          profile.timeZone,
          profile.languages.join(", "),
        ]),
      ),
    );
  },
});
