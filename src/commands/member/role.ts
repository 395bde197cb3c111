import { roomTemplate } from "../../config/room-template.ts";
import { changeMember } from "../../services/member/change-member.ts";
import { registryOf } from "../cause.ts";
import { defineCommand } from "../command.ts";
import { changeAnswer, memberName, roleName } from "../member-view.ts";

export default defineCommand({
  name: "member role",
  bot: "registrar",
  capability: "member.manage",
  summary: "give somebody another role, with its rooms and powers",
  examples: ["member role @ro-police:example.org leader"],
  arguments: { name: memberName, role: roleName },
  async handle(context, { name, role }) {
    const { work, case: of, sentAt, zone } = context;
    const registry = registryOf(context);
    const changed = await changeMember(work, registry, name, { kind: "role", role }, sentAt);
    return changeAnswer(changed, roomTemplate(of.template), zone);
  },
});
