import { readUserId } from "../domain/case/roster.ts";
import type { UserId } from "../domain/ids.ts";
import type { Addressed } from "./dispatch.ts";

/**
 * Whom a command about the roster names by a whole Matrix id: one person at most, so that nobody has the
 * homeserver asked about a thousand.
 */
export function typedAccounts(addressed: Addressed | undefined): readonly UserId[] {
  if (addressed?.kind !== "command" || addressed.command.capability !== "member.manage") return [];
  const accounts = addressed.argumentText.split(/\s+/).flatMap((typed) => readUserId(typed) ?? []);
  return accounts.slice(0, 1);
}
