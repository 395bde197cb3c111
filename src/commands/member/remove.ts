import { roomTemplate } from "../../config/room-template.ts";
import { changeMember } from "../../services/member/change-member.ts";
import { optional, restOfMessage } from "../argument.ts";
import { registryOf } from "../cause.ts";
import { defineCommand } from "../command.ts";
import { changeAnswer, memberName } from "../member-view.ts";

export default defineCommand({
  name: "member remove",
  bot: "registrar",
  capability: "member.manage",
  summary: "take somebody out of the case and of all its rooms at once",
  examples: [
    "member remove @ro-police:example.org",
    "member remove @ro-police:example.org has left the service",
  ],
  arguments: {
    name: memberName,
    reason: optional(restOfMessage("reason", "kept in the log of the case, sealed")),
  },
  async handle(context, { name, reason }) {
    const { work, case: of, sentAt, zone } = context;
    const registry = registryOf(context);
    const change = { kind: "remove", ...(reason === undefined ? {} : { reason }) } as const;
    const changed = await changeMember(work, registry, name, change, sentAt);
    return changeAnswer(changed, roomTemplate(of.template), zone);
  },
});
