import { readUserId } from "../domain/case/roster.ts";
import type { UserId } from "../domain/ids.ts";
import type { Addressed } from "./dispatch.ts";

/** The whole Matrix ids in a command about the roster; of others nobody needs to know who they are. */
export function typedAccounts(addressed: Addressed | undefined): readonly UserId[] {
  if (addressed?.kind !== "command" || addressed.command.capability !== "member.manage") return [];
  return addressed.argumentText.split(/\s+/).flatMap((typed) => readUserId(typed) ?? []);
}
