import type { Kysely } from "kysely";
import { isConnectionLost } from "../db/connection-lost.ts";
import { countUndecryptable } from "../db/repositories/inbox.ts";
import type { Database } from "../db/schema.ts";
import { transact } from "../db/transact.ts";
import { Wakeable } from "../delivery/wakeable.ts";
import type { UserId } from "../domain/ids.ts";
import {
  reportDeadLetters,
  reportLastingFailures,
  reportLostGaps,
  reportSilence,
  reportUnreadable,
} from "../services/management/troubles.ts";
import type { Work } from "../services/work.ts";
import type { Vault } from "../vault/vault.ts";

export interface WatchOptions {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly registrar: UserId;
  now(): Temporal.Instant;
  /** The accounts that run, with the time of their last sync. */
  accounts(): readonly {
    readonly userId: UserId;
    readonly lastSync: Temporal.Instant | undefined;
  }[];
  onSteps(): void;
  onFailure(error: unknown): void;
}

/** A homeserver that restarts is back sooner. */
const SILENT_AFTER_MINUTES = 10;

/**
 * Looks for what operators should know and nobody asks for. Each thing is told once, by the cause that
 * names it, however often it is looked at.
 */
export class Watch extends Wakeable {
  readonly #options: WatchOptions;
  /** Accounts that were reported silent, and since when they were. */
  readonly #silent = new Map<UserId, Temporal.Instant>();

  constructor(options: WatchOptions) {
    super();
    this.#options = options;
  }

  protected override async work(): Promise<undefined> {
    try {
      await this.#look();
    } catch (error) {
      if (isConnectionLost(error)) throw error;
      this.#options.onFailure(error);
    }
  }

  async #look(): Promise<void> {
    const { db, vault, now, onSteps } = this.#options;
    await transact(db, async (transaction) => {
      const work = { db: transaction, vault, now: now() };
      await reportDeadLetters(work, this.#options.registrar);
      await reportLastingFailures(work, this.#options.registrar);
      await reportLostGaps(work, this.#options.registrar);
      for (const account of this.#options.accounts()) await this.#lookAt(work, account);
    });
    onSteps();
  }

  async #lookAt(
    work: Work,
    { userId, lastSync }: ReturnType<WatchOptions["accounts"]>[number],
  ): Promise<void> {
    const { registrar } = this.#options;
    for (const { roomId, count } of await countUndecryptable(work.db, userId)) {
      await reportUnreadable(work, registrar, { account: userId, roomId, count });
    }
    if (lastSync === undefined) return;
    const since = this.#silent.get(userId);
    const isSilent = lastSync.until(work.now).total("minutes") >= SILENT_AFTER_MINUTES;
    if (isSilent) {
      this.#silent.set(userId, lastSync);
      await reportSilence(work, registrar, { account: userId, since: lastSync, over: false });
    } else if (since !== undefined) {
      this.#silent.delete(userId);
      await reportSilence(work, registrar, { account: userId, since, over: true });
    }
  }
}
