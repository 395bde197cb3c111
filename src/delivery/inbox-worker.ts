import { randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { answerError } from "../commands/answers.ts";
import { isConnectionLost } from "../db/connection-lost.ts";
import type { OpenCase } from "../db/repositories/cases.ts";
import { listReceived, markReceived, retryDue } from "../db/repositories/inbox.ts";
import { enqueueStep, type Step } from "../db/repositories/outbox.ts";
import type { Database } from "../db/schema.ts";
import { noticeContent } from "../documents/message/notice.ts";
import type { Outcome } from "../documents/message/outcome.ts";
import { RogatoryError } from "../domain/errors.ts";
import { EventId, RoomId, UserId } from "../domain/ids.ts";
import type { Decrypted, RawEvent } from "../matrix/crypto/crypto.ts";
import type { Session } from "../matrix/session/session.ts";
import { routeDirect } from "./direct.ts";
import { type DirectAnswer, executeDirect, noteAnswer } from "./execute-direct.ts";
import { answerOperators, type OperatorsDesk } from "./operators-desk.ts";
import { execute, type RouterOptions, route } from "./router.ts";
import { readSentFile } from "./sent-file.ts";
import { keepUnreadable } from "./unreadable.ts";
import { Wakeable } from "./wakeable.ts";

export interface InboxOptions extends RouterOptions {
  readonly db: Kysely<Database>;
  readonly session: Session;
  /** Who answers in the operators' room. */
  readonly desk?: OperatorsDesk;
  /** Steps were added to the outbox. */
  onSteps(): void;
  onUndecryptable(room: RoomId, failure: string): void;
  /** A failure that is nobody's typing mistake, with the reference that the sender was given. */
  onInternalError(error: unknown, reference: string): void;
}

const StoredEvent = z.object({
  event_id: EventId,
  room_id: RoomId,
  sender: UserId,
  type: z.string(),
  content: z.record(z.string(), z.unknown()),
  origin_server_ts: z.number(),
});

const batchSize = 50;

/**
 * Handles one account's inbox in order. An event is marked done in the transaction of its effect
 * and of its answer, so that a crash at any point repeats all of it or nothing.
 */
export class InboxWorker extends Wakeable {
  readonly #options: InboxOptions;

  constructor(options: InboxOptions) {
    super();
    this.#options = options;
  }

  protected override async work(): Promise<undefined> {
    const { db, now, session } = this.#options;
    await retryDue(db, session.userId, now());
    for (;;) {
      const events = await listReceived(db, session.userId, "pending", batchSize);
      if (events.length === 0) return undefined;
      for (const { eventId, json } of events) {
        await this.#handle(eventId, StoredEvent.parse(JSON.parse(json)));
      }
    }
  }

  async #handle(eventId: EventId, event: RawEvent): Promise<void> {
    const { db, session } = this.#options;
    const decrypted = await session.crypto.decrypt(event);
    if (decrypted.kind === "undecryptable") {
      const hinted = await keepUnreadable(db, this.#options, session.userId, event, decrypted.code);
      this.#options.onUndecryptable(event.room_id, decrypted.code);
      if (hinted) this.#options.onSteps();
      return;
    }
    const answerable =
      (await this.#inCase(event, decrypted)) ??
      (await this.#amongOperators(event, decrypted)) ??
      (await this.#alone(event, decrypted));
    if (answerable === undefined) {
      await markReceived(db, session.userId, eventId, "done");
      return;
    }
    await this.#answer(answerable);
    this.#options.onSteps();
  }

  async #inCase(event: RawEvent, message: Message): Promise<Answerable | undefined> {
    const { db, session } = this.#options;
    const routed = await route(db, this.#options, session.userId, event, message);
    if (routed === undefined) return undefined;
    const { open } = routed;
    return {
      ...{ event, open, isDirect: false },
      execute: async (transaction) => ({
        open,
        outcome: await execute(transaction, this.#options, routed),
      }),
    };
  }

  async #amongOperators(event: RawEvent, message: Message): Promise<Answerable | undefined> {
    const { desk, session } = this.#options;
    const outcome =
      desk === undefined ? undefined : await answerOperators(desk, session.userId, event, message);
    if (outcome === undefined) return undefined;
    return {
      ...{ event, open: undefined, isDirect: false },
      execute: async () => ({ outcome, open: undefined }),
    };
  }

  async #alone(event: RawEvent, message: Message): Promise<Answerable | undefined> {
    const { db, session } = this.#options;
    const direct = await routeDirect(db, this.#options, session.userId, event, message);
    if (direct === undefined) return undefined;
    const file = direct.file === undefined ? undefined : await readSentFile(session, direct.file);
    return {
      ...{ event, open: direct.open, isDirect: direct.alone },
      execute: (transaction) => executeDirect(transaction, this.#options, direct, file),
    };
  }

  async #answer(answerable: Answerable): Promise<void> {
    const { db } = this.#options;
    const { open, execute: carryOut } = answerable;
    try {
      await db.transaction().execute(async (transaction) => {
        await this.#complete(transaction, answerable, await carryOut(transaction));
      });
    } catch (error) {
      // Whether it was committed is not known: the process starts again and looks.
      if (isConnectionLost(error)) throw error;
      const reference = randomUUID().slice(0, 8);
      if (!(error instanceof RogatoryError)) this.#options.onInternalError(error, reference);
      // Nothing of the failed attempt is kept; the sentence about it is.
      await db
        .transaction()
        .execute((transaction) =>
          this.#complete(transaction, answerable, { open, outcome: answerError(error, reference) }),
        );
    }
  }

  async #complete(
    transaction: Transaction<Database>,
    { event, isDirect }: Answerable,
    given: DirectAnswer,
  ): Promise<void> {
    const { open, outcome } = given;
    const { session, vault } = this.#options;
    if (isDirect) {
      const room = { account: session.userId, roomId: event.room_id };
      await noteAnswer(transaction, room, given);
    }
    for (const [slot, step] of stepsOf(outcome, event)) {
      await enqueueStep(transaction, open?.seal ?? vault.system, this.#options.now(), {
        account: session.userId,
        lane: event.room_id,
        caseId: open?.case.id,
        step,
        cause: event.event_id,
        slot,
      });
    }
    await markReceived(transaction, session.userId, event.event_id, "done");
  }
}

type Message = Extract<Decrypted, { kind: "message" }>;

/** Something that this account answers, and with which case's key the answer is kept. */
interface Answerable {
  readonly event: RawEvent;
  /** Undefined outside of any case. */
  readonly open: OpenCase | undefined;
  /** Said to the bot alone, in no room of a case. */
  readonly isDirect: boolean;
  execute(transaction: Transaction<Database>): Promise<DirectAnswer>;
}

/** The reply to the command, then its attachments. */
function stepsOf(
  outcome: Outcome,
  event: RawEvent,
): readonly (readonly [slot: string, step: Step])[] {
  const room = { roomId: event.room_id };
  const reply: Step = {
    kind: "send",
    room,
    type: "m.room.message",
    content: {
      ...noticeContent(outcome),
      "m.relates_to": { "m.in_reply_to": { event_id: event.event_id } },
    },
  };
  const files = (outcome.attachments ?? []).map((attachment, index): readonly [string, Step] => [
    `file-${index}`,
    {
      kind: "send-file",
      room,
      fileName: attachment.fileName,
      mimeType: attachment.mimeType,
      bytesBase64: Buffer.from(attachment.bytes).toString("base64"),
      inReplyTo: event.event_id,
    },
  ]);
  return [["reply", reply], ...files];
}
