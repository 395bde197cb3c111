import type { Kysely, Transaction } from "kysely";
import { appendToJournal } from "../db/repositories/journal.ts";
import { findManagement } from "../db/repositories/management.ts";
import type { Database } from "../db/schema.ts";
import { answer, code, type Outcome, paragraph } from "../documents/message/outcome.ts";
import type { UserId } from "../domain/ids.ts";
import type { Decrypted, RawEvent } from "../matrix/crypto/crypto.ts";
import type { Vault } from "../vault/vault.ts";
import { type Doubt, doubtOf, refuseDoubtful } from "./doubt.ts";
import { typedText } from "./router.ts";

export interface OperatorsDesk {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly registrar: UserId;
  readonly operators: readonly UserId[];
  readonly requireSignedDevices: boolean;
  now(): Temporal.Instant;
  /** How the bots are. */
  describeBots(): Promise<Outcome>;
}

/** A command in the operators' room. */
export interface AskedByOperator {
  readonly event: RawEvent;
  readonly typed: string;
  /** Why it is not certain who has sent it. */
  readonly doubt: Doubt | undefined;
}

/**
 * What is asked in the operators' room; only the registrar answers there.
 *
 * @returns undefined if this is no command, or not in that room
 */
export async function routeOperators(
  desk: OperatorsDesk,
  account: UserId,
  event: RawEvent,
  message: Extract<Decrypted, { kind: "message" }>,
): Promise<AskedByOperator | undefined> {
  const typed = typedText(message)?.trim();
  if (account !== desk.registrar || typed === undefined || !/^![a-z]/i.test(typed)) {
    return undefined;
  }
  if ((await findManagement(desk.db))?.roomId !== event.room_id) return undefined;
  return { event, typed, doubt: doubtOf(message.trust, desk.requireSignedDevices) };
}

/**
 * Asks the homeserver how the bots are, if that is wanted, before the transaction: none must wait for
 * a homeserver.
 *
 * @throws RogatoryError for what the sender got wrong
 */
export async function prepareOperators(
  { describeBots, operators, vault, now }: OperatorsDesk,
  { event, doubt, typed }: AskedByOperator,
): Promise<(transaction: Transaction<Database>) => Promise<Outcome>> {
  if (!operators.includes(event.sender)) {
    return async () =>
      answer(paragraph("Only the operators of this deployment are answered here."));
  }
  refuseDoubtful({ doubt });
  if (!/^!bots$/i.test(typed)) {
    return async () =>
      answer(
        paragraph(
          code("!bots"),
          " is the only command here. Commands of a case are typed in its rooms, and an operator's on the command line (",
          code("rogatory --help"),
          ").",
        ),
      );
  }
  const outcome = await describeBots();
  return async (transaction) => {
    await appendToJournal(
      transaction,
      { vault },
      {
        ...{ at: now(), actor: event.sender, caseId: undefined, act: "command.bots" },
        details: { event: event.event_id },
      },
    );
    return outcome;
  };
}
