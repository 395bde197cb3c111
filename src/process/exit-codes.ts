import { isConnectionLost } from "../db/connection-lost.ts";
import { causesOf, RogatoryError } from "../domain/errors.ts";
import { isPanic } from "../matrix/crypto/panic.ts";
import { UnreachableError } from "../matrix/http.ts";
import { ToDeviceError } from "../matrix/session/errors.ts";
import { CryptoStoreError, OwnershipLostError } from "./errors.ts";

/**
 * How the bots' process ends. docs/operations.md explains the codes to operators.
 *
 * `done` and `operator` end the supervisor too; after any other code, and after a signal, it starts
 * the process again: the memory of such a process may have been ahead of its database.
 */
export const exitCodes = {
  /** It was asked to stop. */
  done: 0,
  /** Something that only an operator can mend; one sentence on standard error says what. */
  operator: 1,
  /** Any other failure. */
  fatal: 70,
  /** Room keys and device lists of a sync response could not be handled. */
  toDevice: 71,
  /** The crypto store could not be written or read. */
  cryptoStore: 72,
  /** The Rust crypto panicked; its memory cannot be trusted any more. */
  panic: 73,
  /** The database, or the lock on the accounts that is held in it, was lost. */
  database: 74,
  /** The supervisor has gone. */
  orphaned: 75,
  /** The homeserver cannot be reached: for the operator at the first start, passing after it. */
  homeserver: 76,
  /** The retention time of some data is over: it is destroyed before the bots run again. */
  retention: 77,
} as const;

type Fatal = Exclude<keyof typeof exitCodes, "done" | "operator" | "orphaned" | "retention">;

/** What kind of failure an error is, by the first of its causes that says so. */
export function kindOfFailure(error: unknown): Fatal {
  const chain = causesOf(error);
  if (chain.some(isPanic)) return "panic";
  // Before the database: the causes of both are the same errors of the network.
  if (chain.some(isUnreachable)) return "homeserver";
  if (chain.some((cause) => cause instanceof OwnershipLostError || isConnectionLost(cause))) {
    return "database";
  }
  if (chain.some((cause) => cause instanceof CryptoStoreError)) return "cryptoStore";
  if (chain.some((cause) => cause instanceof ToDeviceError)) return "toDevice";
  return "fatal";
}

/**
 * How a running process ends. What `completeIdentity` finds out about an account after the start is
 * the operator's to mend, as if the start had failed: starting again would only find it again.
 */
export function exitCodeOfFailure(error: unknown): number {
  const isIdentity = error instanceof RogatoryError && error.code.startsWith("identity.");
  return isIdentity ? exitCodeOfFailedStart(error) : exitCodes[kindOfFailure(error)];
}

/** How a process ends whose start has failed. */
export function exitCodeOfFailedStart(error: unknown): number {
  const kind = kindOfFailure(error);
  if (kind === "homeserver" || kind === "database") return exitCodes[kind];
  return error instanceof RogatoryError ? exitCodes.operator : exitCodes[kind];
}

/**
 * Whether the supervisor starts a process that ended like this again.
 *
 * @param wasReady whether the bots have been ready since the supervisor was started
 */
export function isRestartable(code: number | null, wasReady: boolean): boolean {
  if (code === exitCodes.homeserver) return wasReady;
  return code !== exitCodes.done && code !== exitCodes.operator;
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof RogatoryError) return error.code === "provisioning.unreachable";
  return error instanceof UnreachableError;
}
