import { randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { answerError } from "../commands/answers.ts";
import { recognise } from "../commands/dispatch.ts";
import { typedAccounts } from "../commands/typed-accounts.ts";
import type { OpenCase } from "../db/repositories/cases.ts";
import {
  claimMessage,
  listReceived,
  markDoubtful,
  markReceived,
  parkReceived,
  retryDue,
} from "../db/repositories/inbox.ts";
import { enqueueStep, type Step } from "../db/repositories/outbox.ts";
import type { Database } from "../db/schema.ts";
import { isContended, isDatabaseFailure, transact } from "../db/transact.ts";
import { noticeContent } from "../documents/message/notice.ts";
import type { Outcome } from "../documents/message/outcome.ts";
import { causesOf, RogatoryError } from "../domain/errors.ts";
import { EventId, RoomId, UserId } from "../domain/ids.ts";
import type { AccountCrypto, Decrypted, RawEvent } from "../matrix/crypto/crypto.ts";
import { isPanic } from "../matrix/crypto/panic.ts";
import type { Trust } from "../matrix/crypto/trust.ts";
import type { Session } from "../matrix/session/session.ts";
import { reportParked, reportReplay } from "../services/management/troubles.ts";
import { routeDirect } from "./direct.ts";
import { type Doubt, isForged } from "./doubt.ts";
import { type DirectAnswer, executeDirect, noteAnswer } from "./execute-direct.ts";
import { type OperatorsDesk, prepareOperators, routeOperators } from "./operators-desk.ts";
import { execute, type RouterOptions, route, typedText } from "./router.ts";
import { readSentFile } from "./sent-file.ts";
import { unknownLocals, unknownPeople } from "./unknown-people.ts";
import { keepUnreadable } from "./unreadable.ts";
import { Wakeable } from "./wakeable.ts";

export interface InboxOptions extends RouterOptions {
  readonly db: Kysely<Database>;
  readonly session: Pick<Session, "userId" | "http"> & {
    readonly crypto: Pick<AccountCrypto, "decrypt">;
  };
  /** Who answers in the operators' room. */
  readonly desk?: OperatorsDesk;
  /** Told before a command is judged: what was due before it was said comes first. */
  beforeCommand?(said: Temporal.Instant): Promise<void>;
  /** Steps were added to the outbox. */
  onSteps(): void;
  onUndecryptable(room: RoomId, failure: string): void;
  /** A ciphertext came again under another event id. */
  onReplayed(room: RoomId): void;
  /** An event was set aside, because handling it has failed. */
  onParked(room: RoomId, error: unknown): void;
  /** Others were in the way in the database, again and again; the inbox is looked at again soon. */
  onPutOff(error: unknown): void;
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
  unsigned: z.record(z.string(), z.unknown()).optional(),
});

const batchSize = 50;
const putOffMs = 1_000;

/**
 * Handles one account's inbox in order. An event is marked done in the transaction of its effect
 * and of its answer, so that a crash at any point repeats all of it or nothing.
 */
export class InboxWorker extends Wakeable {
  readonly #options: InboxOptions;
  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(options: InboxOptions) {
    super();
    this.#options = options;
  }

  /** Resolves when all that waited at the start is handled; never, if that fails. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  protected override async work(): Promise<number | undefined> {
    const { db, now, onPutOff, session } = this.#options;
    try {
      await retryDue(db, session.userId, now());
      for (;;) {
        const events = await listReceived(db, session.userId, "pending", batchSize);
        if (events.length === 0) {
          this.#caughtUp.resolve();
          return undefined;
        }
        for (const received of events) await this.#handleOrPark(received);
      }
    } catch (error) {
      if (!isContended(error)) throw error;
      onPutOff(error);
      return putOffMs;
    }
  }

  /** What one event does to its handler must not keep the others from being handled. */
  async #handleOrPark({ eventId, roomId, json }: Received): Promise<void> {
    try {
      await this.#handle(StoredEvent.parse(JSON.parse(json)));
    } catch (error) {
      if (concernsAll(error)) throw error;
      const { accounts, db, now, onParked, onSteps, session, vault } = this.#options;
      const failure = codeOf(error);
      await transact(db, async (transaction) => {
        await parkReceived(transaction, session.userId, eventId, failure);
        const work = { db: transaction, vault, now: now() };
        const parked = { account: session.userId, roomId, failure };
        await reportParked(work, accounts.registrar, parked);
      });
      onParked(roomId, error);
      onSteps();
    }
  }

  async #handle(event: RawEvent): Promise<void> {
    const { db, now, session } = this.#options;
    const decrypted = await session.crypto.decrypt(event);
    if (decrypted.kind === "undecryptable") {
      const hinted = await keepUnreadable(db, this.#options, session.userId, event, decrypted.code);
      this.#options.onUndecryptable(event.room_id, decrypted.code);
      if (hinted) this.#options.onSteps();
      return;
    }
    const { trust } = decrypted;
    await this.#bringUpTo(event, decrypted);
    const answerable =
      (await this.#inCase(event, decrypted)) ??
      (await this.#amongOperators(event, decrypted)) ??
      (await this.#alone(event, decrypted));
    if (answerable === undefined) {
      await this.#firstTime(event, trust, (transaction) =>
        markReceived(transaction, session.userId, event.event_id, "done"),
      );
      return;
    }
    const isPassingDoubt =
      answerable.doubt !== undefined && trust.kind === "doubtful" && trust.passing === true;
    if (
      isPassingDoubt &&
      (await transact(db, (transaction) =>
        markDoubtful(transaction, session.userId, event.event_id, now()),
      ))
    ) {
      return;
    }
    await this.#answer(answerable, trust);
    this.#options.onSteps();
  }

  async #bringUpTo(event: RawEvent, message: Message): Promise<void> {
    const { at, beforeCommand, commands, now } = this.#options;
    const text = typedText(message);
    if (beforeCommand === undefined || text === undefined) return;
    if (recognise(commands, text) === undefined) return;
    const [said, present] = [at(event.origin_server_ts), now()];
    // A homeserver whose clock is fast brings nothing about before its time.
    await beforeCommand(Temporal.Instant.compare(said, present) < 0 ? said : present);
  }

  async #inCase(event: RawEvent, message: Message): Promise<Answerable | undefined> {
    const { db, session } = this.#options;
    const routed = await route(db, this.#options, session.userId, event, message);
    if (routed === undefined) return undefined;
    const { doubt, open } = routed;
    return {
      ...{ event, doubt, open, isDirect: false },
      prepare: async () => {
        const typed = typedAccounts(routed.addressed);
        const unknownAccounts = await unknownLocals(session, typed);
        return async (transaction) => ({
          open,
          outcome: await execute(transaction, this.#options, routed, unknownAccounts),
        });
      },
    };
  }

  async #amongOperators(event: RawEvent, message: Message): Promise<Answerable | undefined> {
    const { desk, session } = this.#options;
    if (desk === undefined) return undefined;
    const asked = await routeOperators(desk, session.userId, event, message);
    if (asked === undefined) return undefined;
    return {
      ...{ event, doubt: asked.doubt, open: undefined, isDirect: false },
      prepare: async () => {
        const execution = await prepareOperators(desk, asked);
        return async (transaction) => ({
          outcome: await execution(transaction),
          open: undefined,
        });
      },
    };
  }

  async #alone(event: RawEvent, message: Message): Promise<Answerable | undefined> {
    const { db, session } = this.#options;
    const direct = await routeDirect(db, this.#options, session.userId, event, message);
    if (direct === undefined) return undefined;
    return {
      ...{ event, doubt: direct.doubt, open: direct.open, isDirect: direct.alone },
      prepare: async () => {
        const file =
          direct.file === undefined ? undefined : await readSentFile(session, direct.file);
        const unknownAccounts = await unknownPeople(session, direct, this.#options.commands);
        return (transaction) =>
          executeDirect(transaction, this.#options, direct, { file, unknownAccounts });
      },
    };
  }

  async #answer(answerable: Answerable, trust: Trust): Promise<void> {
    const { event, open, prepare } = answerable;
    try {
      const carryOut = await prepare();
      await this.#firstTime(event, trust, async (transaction) => {
        await this.#complete(transaction, answerable, await carryOut(transaction));
      });
    } catch (error) {
      // Whether it was committed is not known, or it may succeed yet: nothing is said of it.
      if (concernsAll(error)) throw error;
      const reference = randomUUID().slice(0, 8);
      if (!(error instanceof RogatoryError)) this.#options.onInternalError(error, reference);
      // Nothing of the failed attempt is kept; the sentence about it is.
      await this.#firstTime(event, trust, (transaction) =>
        this.#complete(transaction, answerable, { open, outcome: answerError(error, reference) }),
      );
    }
  }

  /** Does something about an event that was decrypted, unless its ciphertext was handled already. */
  async #firstTime(
    event: RawEvent,
    trust: Trust,
    handle: (transaction: Transaction<Database>) => Promise<void>,
  ): Promise<void> {
    const { accounts, db, now, onReplayed, onSteps, session, vault } = this.#options;
    const { event_id: eventId, room_id: roomId } = event;
    const isFirst = await transact(db, async (transaction) => {
      const first = await claimMessage(transaction, session.userId, eventId, !isForged(trust));
      if (first) await handle(transaction);
      else {
        const work = { db: transaction, vault, now: now() };
        await reportReplay(work, accounts.registrar, { roomId, eventId });
      }
      return first;
    });
    if (isFirst) return;
    onReplayed(roomId);
    onSteps();
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

type Received = Awaited<ReturnType<typeof listReceived>>[number];

/** Something that this account answers, and with which case's key the answer is kept. */
interface Answerable {
  readonly event: RawEvent;
  /** Why it is not certain who has said it. */
  readonly doubt: Doubt | undefined;
  /** Undefined outside of any case. */
  readonly open: OpenCase | undefined;
  /** Said to the bot alone, in no room of a case. */
  readonly isDirect: boolean;
  /** Asks others than the database what has to be known, and gives what is then done in one transaction. */
  prepare(): Promise<(transaction: Transaction<Database>) => Promise<DirectAnswer>>;
}

/** Whether a failure is that of the database or of the crypto, whatever the event was. */
function concernsAll(error: unknown): boolean {
  return causesOf(error).some(
    (cause) => isPanic(cause) || isContended(cause) || isDatabaseFailure(cause),
  );
}

/** For operators, without anything of the message. */
function codeOf(error: unknown): string {
  if (error instanceof RogatoryError) return error.code;
  return error instanceof Error ? error.name : "unknown";
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
