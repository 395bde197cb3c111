import type { Transaction } from "kysely";
import type { Database } from "../db/schema.ts";
import type { BotName } from "../domain/case/bots.ts";
import type { CaseId, UserId } from "../domain/ids.ts";
import type { SealBox } from "../vault/seal-box.ts";
import type { Vault } from "../vault/vault.ts";

/**
 * One unit of work: everything a service reads and writes happens in this one transaction, together
 * with the outbox steps and the log entries that it causes.
 */
export interface Work {
  readonly db: Transaction<Database>;
  readonly vault: Vault;
  /** The instant of the work, from the one clock. Never ask another clock. */
  readonly now: Temporal.Instant;
}

/** Work on one case, by one person: what nearly every service is given. */
export interface CaseWork extends Work {
  readonly caseId: CaseId;
  /** Seals and opens this case's content. */
  readonly seal: SealBox;
  /** Who does it, for the log. */
  readonly actor: Actor;
}

export type Actor =
  | { readonly kind: "person"; readonly userId: UserId }
  | { readonly kind: "operator"; readonly reason: string }
  /** By itself, at a time: the bot that the timer belongs to. */
  | { readonly kind: "bot"; readonly bot: BotName };

export function nameActor(actor: Actor): string {
  switch (actor.kind) {
    case "person":
      return actor.userId;
    case "operator":
      return "operator";
    case "bot":
      return actor.bot;
  }
}
