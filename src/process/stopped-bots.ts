import type { Kysely } from "kysely";
import { type Config, databaseLocation } from "../config/config.ts";
import { openDatabase } from "../db/database.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import { isServed } from "./control-socket.ts";
import { becomeOwner } from "./owner.ts";
import { tryOwnerLock } from "./owner-lock.ts";

/**
 * Opens the database for something that no bot may see half done: this process owns the bots'
 * accounts meanwhile.
 *
 * @throws RogatoryError `bots.running`
 */
export async function withStoppedBots<T>(
  config: Config,
  work: (db: Kysely<Database>) => Promise<T>,
): Promise<T> {
  const standby = new AbortController();
  const ownership = (await isTaken(config))
    ? undefined
    : await becomeOwner(config, {
        signal: standby.signal,
        onStandby: () => standby.abort(),
        onLost(error) {
          throw error;
        },
      });
  if (ownership === undefined) {
    throw new RogatoryError(
      "bots.running",
      "The bots run, or another command works on this database: stop the bots, repeat this command, then start them again. Nothing was changed.",
    );
  }
  try {
    await using db = await openDatabase(databaseLocation(config), ownership.onConnection);
    return await work(db);
  } finally {
    await ownership.release();
  }
}

/** Answers at once; waiting for a process that has just been killed is not worth it here. */
async function isTaken({ database, paths }: Config): Promise<boolean> {
  if (await isServed(paths.socket)) return true;
  if (database.kind !== "pglite") return false;
  const lock = tryOwnerLock(paths.lock);
  lock?.release();
  return lock === undefined;
}
