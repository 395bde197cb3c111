import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { RogatoryError } from "../../domain/errors.ts";
import { explainDiskError, makeDirectory } from "./disk.ts";

const RETRY_MILLISECONDS = 200;

/**
 * Runs `work` while no other process does so under the same lock file; waits its turn.
 *
 * The lock is SQLite's own on an empty database: the operating system lifts it when the process
 * ends in whatever way, so that a crash leaves nothing behind to be cleaned up.
 */
export async function withExclusiveLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  await makeDirectory(dirname(path));
  const database = openLock(path);
  try {
    let told = false;
    while (!tryToLock(database, path)) {
      if (!told) onWait();
      told = true;
      await delay(RETRY_MILLISECONDS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw lockError(path, error);
  }
}

function tryToLock(database: DatabaseSync, path: string): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && /locked|busy/i.test(error.message)) return false;
    throw lockError(path, error);
  }
}

function lockError(path: string, error: unknown): unknown {
  const explained = explainDiskError(path, error);
  if (explained !== error) return explained;
  return new RogatoryError(
    "disk-not-writable",
    `The lock file ${path} cannot be used: make its folder writable, or delete the file if it is damaged.`,
    { cause: error },
  );
}
