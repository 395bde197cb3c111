import type { Kysely } from "kysely";
import { appendToJournal } from "../db/repositories/journal.ts";
import { findManagement } from "../db/repositories/management.ts";
import type { Database } from "../db/schema.ts";
import { answer, code, type Outcome, paragraph } from "../documents/message/outcome.ts";
import type { UserId } from "../domain/ids.ts";
import type { Decrypted, RawEvent } from "../matrix/crypto/crypto.ts";
import type { Vault } from "../vault/vault.ts";
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

/**
 * The answer to a command in the operators' room; only the registrar gives one.
 *
 * @returns undefined if this is no command, or not in that room
 */
export async function answerOperators(
  desk: OperatorsDesk,
  account: UserId,
  event: RawEvent,
  message: Extract<Decrypted, { kind: "message" }>,
): Promise<Outcome | undefined> {
  const typed = typedText(message)?.trim();
  if (account !== desk.registrar || typed === undefined || !/^![a-z]/i.test(typed)) {
    return undefined;
  }
  if ((await findManagement(desk.db))?.roomId !== event.room_id) return undefined;
  if (!desk.operators.includes(event.sender)) {
    return answer(paragraph("Only the operators of this deployment are answered here."));
  }
  if (message.trust.kind !== "signed" && desk.requireSignedDevices) {
    return answer(
      paragraph(
        "This was not answered, because your device is not verified by you. Verify it in your client's settings, then ask again.",
      ),
    );
  }
  if (!/^!bots$/i.test(typed)) {
    return answer(
      paragraph(
        code("!bots"),
        " is the only command here. Commands of a case are typed in its rooms, and an operator's on the command line (",
        code("rogatory --help"),
        ").",
      ),
    );
  }
  const { db, vault, now } = desk;
  const outcome = await desk.describeBots();
  await db.transaction().execute((transaction) =>
    appendToJournal(
      transaction,
      { vault },
      {
        ...{ at: now(), actor: event.sender, caseId: undefined, act: "command.bots" },
        details: { event: event.event_id },
      },
    ),
  );
  return outcome;
}
