import type { Kysely } from "kysely";
import type { Config } from "../config/config.ts";
import { isOnAnyRoster, isRoomOfCase } from "../db/repositories/cases.ts";
import type { Database } from "../db/schema.ts";
import type { BotName } from "../domain/case/bots.ts";
import type { UserId } from "../domain/ids.ts";
import type { Invitation } from "../matrix/session/session.ts";

export const botNames = ["registrar", "clerk", "scribe"] as const satisfies readonly BotName[];

export interface BotAccount {
  readonly userId: UserId;
  /** Several bots may share an account. */
  readonly bots: readonly [BotName, ...BotName[]];
}

/** The accounts of the configuration, each once, in the order of the bots. */
export function botAccounts(bots: Config["bots"]): readonly BotAccount[] {
  return botNames
    .filter((bot) => botNames.find((other) => bots[other] === bots[bot]) === bot)
    .map((first) => ({
      userId: bots[first],
      bots: [first, ...botNames.filter((bot) => bot !== first && bots[bot] === bots[first])],
    }));
}

/** Whether bots take invitations and verifications from this person. */
export async function isKnownPerson(
  db: Kysely<Database>,
  config: Pick<Config, "bots" | "operators">,
  userId: UserId,
): Promise<boolean> {
  const ours = [...Object.values(config.bots), ...config.operators];
  return ours.some((known) => known === userId) || (await isOnAnyRoster(db, userId));
}

/**
 * Whether a bot comes when it is invited: to rooms that the registrar has made for it, and to conversations
 * with itself alone. It comes into no other room, and into none of a case because somebody else wants it.
 */
export async function mayAccept(
  db: Kysely<Database>,
  config: Pick<Config, "bots" | "operators">,
  { roomId, inviter, isDirect, isSpace }: Invitation,
): Promise<boolean> {
  if (Object.values(config.bots).some((bot) => bot === inviter)) return true;
  if (!isDirect || isSpace || (await isRoomOfCase(db, roomId))) return false;
  return isKnownPerson(db, config, inviter);
}

const displayNames: Readonly<Record<BotName, string>> = {
  registrar: "Registrar",
  clerk: "Clerk",
  scribe: "Scribe",
};

export function displayNameOf({ bots }: BotAccount): string {
  if (bots.length === botNames.length) return "Rogatory";
  return bots.map((bot) => displayNames[bot]).join(" and ");
}
