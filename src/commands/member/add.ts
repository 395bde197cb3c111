import { roomTemplate } from "../../config/room-template.ts";
import { paragraph } from "../../documents/message/outcome.ts";
import { PersonProfile } from "../../domain/case/person.ts";
import { readUserId } from "../../domain/case/roster.ts";
import { isMeantAsState, parseState } from "../../domain/request/states.ts";
import { newcomerNote } from "../../services/case/unknown-accounts.ts";
import { addMember } from "../../services/member/add-member.ts";
import { optional, phrase, UsageError, word } from "../argument.ts";
import { registryOf } from "../cause.ts";
import { defineCommand } from "../command.ts";
import { zoneName } from "../member-details.ts";
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
    zone: optional(zoneName),
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
    const outcome = changeAnswer(added, roomTemplate(of.template), context.zone);
    const note = newcomerNote(userId, context.unknownAccounts);
    return note === undefined
      ? outcome
      : { ...outcome, blocks: [...outcome.blocks, paragraph(note)] };
  },
});
