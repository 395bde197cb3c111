import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type Config, databaseLocation } from "../config/config.ts";
import type { OnConnection } from "../db/database.ts";
import type { UserId } from "../domain/ids.ts";
import { acquireOwnerLock, nameOwner, tryOwnerLock } from "./owner-lock.ts";
import { acquirePostgresOwnership } from "./postgres-owner.ts";

/** The right to be the bots' devices: held by one process at a time. */
export interface Ownership {
  /** For `openDatabase`: no connection of a process that is no longer the owner may write. */
  readonly onConnection: OnConnection | undefined;
  /** Told when another process has put steps into the outbox. */
  onForeignSteps(listener: () => void): void;
  release(): Promise<void>;
}

export interface OwnershipOptions {
  readonly signal: AbortSignal;
  /** Another process is the owner, and this one waits for its end. */
  onStandby(): void;
  /** The right was lost. The process must end before it writes anything else. */
  onLost(error: unknown): void;
}

/** How long a process that has just been killed may take to disappear. */
const patience = { milliseconds: 5_000, pause: 100 };

/**
 * Waits until this process owns the accounts: by the lock file of the data directory for PGlite,
 * whose files a second process would damage; by locks in the database for PostgreSQL.
 *
 * @returns undefined if it was asked to stop meanwhile
 * @throws RogatoryError `owner.held` if another process has the files of PGlite
 */
export async function becomeOwner(
  config: Config,
  options: OwnershipOptions,
): Promise<Ownership | undefined> {
  const location = databaseLocation(config);
  if (location.kind === "pglite") return ownFiles(config.paths.lock, options.signal);
  const accounts = [...new Set<UserId>(Object.values(config.bots))].sort();
  const ownership = await acquirePostgresOwnership(location.url, accounts, options);
  if (ownership === undefined) return undefined;
  mkdirSync(config.dataDirectory, { recursive: true, mode: 0o700 });
  const forget = nameOwner(config.paths.lock);
  return {
    ...ownership,
    async release() {
      forget();
      await ownership.release();
    },
  };
}

async function ownFiles(path: string, signal: AbortSignal): Promise<Ownership | undefined> {
  const until = performance.now() + patience.milliseconds;
  while (!signal.aborted) {
    const lock = performance.now() < until ? tryOwnerLock(path) : acquireOwnerLock(path);
    if (lock !== undefined) {
      return {
        onConnection: undefined,
        onForeignSteps: () => {},
        release: async () => lock.release(),
      };
    }
    await delay(patience.pause);
  }
  return undefined;
}
