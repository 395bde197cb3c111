import { randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { isConnectionLost } from "../db/connection-lost.ts";
import { findCase } from "../db/repositories/cases.ts";
import { enqueueStep } from "../db/repositories/outbox.ts";
import {
  type ClaimedTimer,
  claimTimer,
  markFired,
  postponeTimer,
} from "../db/repositories/timers.ts";
import type { Database } from "../db/schema.ts";
import { transact } from "../db/transact.ts";
import { noticeContent } from "../documents/message/notice.ts";
import { type Outcome, paragraph } from "../documents/message/outcome.ts";
import type { BotAccounts } from "../domain/case/bots.ts";
import { formatMoment } from "../domain/time/format.ts";
import type { AnyTimer } from "../timers/timer.ts";
import type { Vault } from "../vault/vault.ts";
import { Wakeable } from "./wakeable.ts";

export interface TimerWorkerOptions {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly accounts: BotAccounts;
  readonly timers: readonly AnyTimer[];
  now(): Temporal.Instant;
  /** Steps were added to the outbox. */
  onSteps(): void;
  /** A handler failed; nothing of it was kept and it will be tried again. */
  onFailure(kind: string, error: unknown): void;
}

/** Longer than any handler takes; another claimer waits this long for one that has died. */
const leaseSeconds = 30;
const longestPauseSeconds = 3600;
/** Ticks and leases make every timer a little late: nobody is told about that. */
const punctualSeconds = 120;

/** The claimer has lost its lease: what the handler did must not be kept. */
class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

/**
 * Fires what is due whenever it is woken. A timer's handler, what it says and the mark that it has
 * fired are one transaction, so that a crash at any point repeats all of it or nothing.
 */
export class TimerWorker extends Wakeable {
  readonly #options: TimerWorkerOptions;
  readonly #owner = randomUUID();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: TimerWorkerOptions) {
    super();
    this.#options = options;
  }

  protected override async work(): Promise<undefined> {
    await this.fireUntil(this.#options.now());
  }

  /**
   * Fires what was due by an instant that is not after now, before something that was said then is done:
   * what happens by itself comes in the order of its times, however late both are. Callers take turns.
   */
  fireUntil(instant: Temporal.Instant): Promise<void> {
    const turn = this.#turn.then(() => this.#fireDue(instant));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #fireDue(dueBy: Temporal.Instant): Promise<void> {
    const { db, now, timers } = this.#options;
    const kinds = timers.map(({ kind }) => kind);
    if (kinds.length === 0) return;
    for (;;) {
      const leaseUntil = now().add({ seconds: leaseSeconds });
      const claim = { kinds, now: now(), dueBy, owner: this.#owner, leaseUntil };
      const claimed = await claimTimer(db, claim);
      if (claimed === undefined) return;
      await this.#fire(claimed);
    }
  }

  async #fire(claimed: ClaimedTimer): Promise<void> {
    const { db, now, onFailure, onSteps } = this.#options;
    try {
      await transact(db, (transaction) => this.#handle(transaction, claimed));
      onSteps();
    } catch (error) {
      if (isConnectionLost(error)) throw error;
      if (error instanceof LeaseLostError) return;
      onFailure(claimed.kind, error);
      const seconds = Math.min(
        longestPauseSeconds,
        leaseSeconds * 2 ** Math.min(claimed.attempt, 10),
      );
      await postponeTimer(db, claimed.id, this.#owner, now().add({ seconds }));
    }
  }

  async #handle(transaction: Transaction<Database>, claimed: ClaimedTimer): Promise<void> {
    const { accounts, timers, vault } = this.#options;
    const now = this.#options.now();
    // First of all, so that its row stays locked: a second claimer waits here and then finds it fired.
    if (!(await markFired(transaction, claimed.id, this.#owner, now))) {
      throw new LeaseLostError("another process has taken the timer");
    }
    const timer = timers.find(({ kind }) => kind === claimed.kind);
    if (timer !== undefined && "handleWithoutCase" in timer) {
      await timer.handleWithoutCase({ work: { db: transaction, vault, now }, bots: accounts });
      return;
    }
    const open =
      claimed.caseId === undefined ? undefined : await findCase(transaction, vault, claimed.caseId);
    if (timer === undefined || open === undefined) return;
    const { dueAt, subject } = claimed;
    const { case: of, seal } = open;
    const outcome = await timer.handle({
      work: {
        db: transaction,
        vault,
        now,
        caseId: of.id,
        seal,
        actor: { kind: "bot", bot: timer.bot },
      },
      case: of,
      bots: accounts,
      subject,
      dueAt,
    });
    if (outcome === undefined) return;
    const { id, roomId } = outcome.room;
    await enqueueStep(transaction, seal, now, {
      account: accounts[timer.bot],
      lane: roomId ?? `case:${of.id}`,
      caseId: of.id,
      step: {
        kind: "send",
        room: roomId === undefined ? { caseRoomId: id } : { roomId },
        type: "m.room.message",
        content: noticeContent(markedLate(outcome, dueAt, now, of.profile.timeZone)),
      },
      cause: `timer-${claimed.id}`,
      slot: "notice",
    });
  }
}

function markedLate(
  outcome: Outcome,
  dueAt: Temporal.Instant,
  now: Temporal.Instant,
  zone: string,
): Outcome {
  if (dueAt.until(now).total("seconds") < punctualSeconds) return outcome;
  const due = formatMoment(dueAt.toZonedDateTimeISO(zone));
  const late = paragraph(`This comes late: it was due on ${due}.`);
  return { ...outcome, blocks: [late, ...outcome.blocks] };
}
