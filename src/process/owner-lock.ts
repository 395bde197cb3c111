import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";

const Owner = z.object({ pid: z.int().positive(), startedAt: z.iso.datetime() });

/** Held by the one process that may open the files of a data directory. */
export interface OwnerLock {
  /** Lets the next process in. Doing it twice does nothing. */
  release(): void;
}

/**
 * Takes the lock of a data directory, and makes the directory if there is none. PGlite itself does
 * not notice a second process on its files; rows were lost when there was one.
 *
 * The lock is the operating system's, on a file that SQLite holds open: whatever ends the process,
 * `kill -9` and power cuts included, lifts it, so that nothing stale is ever left and a reused
 * process id or another container's cannot be mistaken for the owner. `<path>.json` beside it only
 * names the owner.
 *
 * @throws RogatoryError `owner.held` while another process has it; `owner.unusable` if it cannot be
 * used at all
 */
export function acquireOwnerLock(path: string): OwnerLock {
  const lock = tryOwnerLock(path);
  if (lock !== undefined) return lock;
  throw new RogatoryError(
    "owner.held",
    `${describeOwner(path)} uses the data directory ${dirname(path)}. Stop it first, or let the command line speak with it: both must have the same rogatory.yaml.`,
  );
}

/** The same, but undefined while another process has the lock. */
export function tryOwnerLock(path: string): OwnerLock | undefined {
  const database = openLockFile(path);
  try {
    database.exec("begin exclusive");
  } catch (cause) {
    database.close();
    if (cause instanceof Error && /locked|busy/i.test(cause.message)) return undefined;
    throw unusable(path, cause);
  }
  const forget = nameOwner(path);
  return {
    release() {
      if (!database.isOpen) return;
      forget();
      database.close();
    },
  };
}

function openLockFile(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** Writes who the owner is beside the lock file; the answer removes it again. */
export function nameOwner(path: string): () => void {
  const startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString();
  const temporary = `${ownerFile(path)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify({ pid: process.pid, startedAt }), { mode: 0o600 });
  renameSync(temporary, ownerFile(path));
  return () => rmSync(ownerFile(path), { force: true });
}

function describeOwner(path: string): string {
  try {
    const { pid, startedAt } = Owner.parse(JSON.parse(readFileSync(ownerFile(path), "utf8")));
    return `Process ${pid} (running since ${startedAt})`;
  } catch {
    return "Another process";
  }
}

function ownerFile(path: string): string {
  return `${path}.json`;
}

function unusable(path: string, cause: unknown): RogatoryError {
  return new RogatoryError(
    "owner.unusable",
    `The lock file ${path} cannot be used: make its folder writable for this user, or delete the file if it is damaged.`,
    { cause },
  );
}
