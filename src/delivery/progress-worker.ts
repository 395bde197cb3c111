import type { Kysely } from "kysely";
import { listUnfinished } from "../db/repositories/creation-progress.ts";
import type { Database } from "../db/schema.ts";
import { transact } from "../db/transact.ts";
import { showProgress } from "../services/case/creation-progress.ts";
import type { Vault } from "../vault/vault.ts";
import { Wakeable } from "./wakeable.ts";

export interface ProgressOptions {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
  /** Steps were added to the outbox. */
  onSteps(): void;
}

/** Shows how far cases under creation are, whenever a step is done. */
export class ProgressWorker extends Wakeable {
  readonly #options: ProgressOptions;

  constructor(options: ProgressOptions) {
    super();
    this.#options = options;
  }

  protected override async work(): Promise<number | undefined> {
    const { db, vault, now, onSteps } = this.#options;
    const pauses: number[] = [];
    for (const caseId of await listUnfinished(db)) {
      const { edited, againMs } = await transact(db, (transaction) =>
        showProgress({ db: transaction, vault, now: now() }, caseId),
      );
      if (edited) onSteps();
      if (againMs !== undefined) pauses.push(againMs);
    }
    return pauses.length === 0 ? undefined : Math.max(10, Math.min(...pauses));
  }
}
