import type { Kysely } from "kysely";
import { retrySession } from "../db/repositories/inbox.ts";
import type { Database } from "../db/schema.ts";
import type { UserId } from "../domain/ids.ts";
import type { AccountCrypto, ArrivedKey } from "../matrix/crypto/crypto.ts";
import { Wakeable } from "./wakeable.ts";

export interface KeyOptions {
  readonly db: Kysely<Database>;
  readonly account: UserId;
  readonly crypto: Pick<AccountCrypto, "onRoomKeys">;
  /** Something may be waiting in the inbox. */
  onRetry(): void;
}

/** Gives the messages another chance for which a room key has arrived, and no others. */
export class KeyWorker extends Wakeable {
  readonly #options: KeyOptions;
  #arrived: ArrivedKey[] = [];

  constructor(options: KeyOptions) {
    super();
    this.#options = options;
    options.crypto.onRoomKeys((keys) => {
      this.#arrived.push(...keys);
      this.wake();
    });
  }

  protected override async work(): Promise<undefined> {
    const { db, account, onRetry } = this.#options;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const key of arrived) await retrySession(db, account, key);
    if (arrived.length > 0) onRetry();
  }
}
