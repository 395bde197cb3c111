import type { Kysely } from "kysely";
import { findCase, findCaseRoom } from "../db/repositories/cases.ts";
import { markUndecryptable } from "../db/repositories/inbox.ts";
import { enqueueStep } from "../db/repositories/outbox.ts";
import { noteHint } from "../db/repositories/unreadable-hints.ts";
import type { Database } from "../db/schema.ts";
import { noticeContent } from "../documents/message/notice.ts";
import { answer, paragraph } from "../documents/message/outcome.ts";
import type { UserId } from "../domain/ids.ts";
import type { RawEvent } from "../matrix/crypto/crypto.ts";
import type { Vault } from "../vault/vault.ts";

/** Keys are often a little behind their message: nobody is bothered before this. */
export const HINT_AFTER_SECONDS = 60;

/** Said before the bot could read the room: no key will ever come, and nobody expects an answer. */
const beforeOurTime = "HISTORICAL_MESSAGE_USER_NOT_JOINED";

const hint = answer(
  paragraph(
    "I could not read your message: your device did not give me its key. Please send it again. If this stays so, open the encryption settings of your client and verify this session, or sign in anew.",
  ),
);

/**
 * Keeps an event that could not be decrypted for another attempt, and tells its sender so, once, when
 * the key has been missing for {@link HINT_AFTER_SECONDS}.
 *
 * @returns whether the hint was put into the outbox
 */
export async function keepUnreadable(
  db: Kysely<Database>,
  options: { readonly vault: Vault; now(): Temporal.Instant },
  account: UserId,
  event: RawEvent,
  code: string,
): Promise<boolean> {
  const now = options.now();
  return db.transaction().execute(async (transaction) => {
    const { since, sender, sessionId } = await markUndecryptable(
      transaction,
      account,
      event.event_id,
      now,
      HINT_AFTER_SECONDS,
    );
    const isTime = since.until(now).total("seconds") >= HINT_AFTER_SECONDS;
    if (!isTime || code === beforeOurTime) return false;
    const roomId = event.room_id;
    const said = { roomId, sessionId: sessionId ?? event.event_id, sender, now };
    if (!(await noteHint(transaction, said))) return false;
    const room = await findCaseRoom(transaction, roomId);
    const open =
      room === undefined ? undefined : await findCase(transaction, options.vault, room.caseId);
    await enqueueStep(transaction, open?.seal ?? options.vault.system, now, {
      account,
      lane: roomId,
      caseId: open?.case.id,
      step: {
        kind: "send",
        room: { roomId },
        type: "m.room.message",
        content: {
          ...noticeContent(hint),
          "m.mentions": { user_ids: [sender] },
          "m.relates_to": { "m.in_reply_to": { event_id: event.event_id } },
        },
      },
      cause: event.event_id,
      slot: "unreadable",
    });
    return true;
  });
}
