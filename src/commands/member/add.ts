import { roomTemplate } from "../../config/room-template.ts";
import { PersonProfile } from "../../domain/case/person.ts";
import { readUserId } from "../../domain/case/roster.ts";
import { isMeantAsState, parseState } from "../../domain/request/states.ts";
import { nearest } from "../../domain/text/nearest.ts";
import { canonicalZone } from "../../domain/time/zone.ts";
import { addMember } from "../../services/member/add-member.ts";
import { optional, phrase, UsageError, word } from "../argument.ts";
import { registryOf } from "../cause.ts";
import { defineCommand } from "../command.ts";
import { changeAnswer, roleName } from "../member-view.ts";

export default defineCommand({
  name: "member add",
  aliases: ["member invite"],
  bot: "registrar",
  capability: "member.manage",
  summary: "put somebody on the roster and invite them to the rooms of their role",
  examples: [
    'member add @ro-police:example.org member RO "Police officer, organised crime" Europe/Bucharest',
    'member add @analyst:example.org participant Europol "Analyst"',
  ],
  arguments: {
    userId: word("@name:server", "the whole Matrix id", (text) => {
      const userId = readUserId(text);
      if (userId !== undefined) return userId;
      throw new UsageError(`“${text}” is not a Matrix id: it looks like @name:server.`);
    }),
    role: roleName,
    affiliation: phrase("State or body", "for whom the person comes: RO, Romania, Europol"),
    function: phrase("function", "what the person is, in quotation marks; never a personal name"),
    zone: optional(
      word("time zone", "where the person is, such as Europe/Bucharest", (text) => {
        const zone = canonicalZone(text);
        if (zone !== undefined) return zone;
        const guess = nearest(text, Intl.supportedValuesOf("timeZone"));
        const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
        throw new UsageError(
          `“${text}” is not a time zone such as Europe/Bucharest. If it belongs to the function, put the function in quotation marks.${hint}`,
        );
      }),
    ),
  },
  async handle(context, { userId, role, affiliation, function: what, zone }) {
    const { case: of, work, sentAt } = context;
    const state = isMeantAsState(affiliation) ? parseState(affiliation) : undefined;
    const profile = PersonProfile.safeParse({
      function: what,
      ...(state === undefined ? { body: affiliation } : { state }),
      role,
      timeZone: zone ?? of.profile.timeZone,
    });
    if (!profile.success) {
      throw new UsageError(
        "The function has at most 200 letters and the State or body at most 100.",
      );
    }
    const registry = registryOf(context);
    const added = await addMember(work, registry, userId, profile.data, sentAt);
    return changeAnswer(added, roomTemplate(of.template), context.zone);
  },
});
