import { setTimeout as delay } from "node:timers/promises";
import type { Kysely, Transaction } from "kysely";
import { isConnectionLost } from "./connection-lost.ts";
import type { Database } from "./schema.ts";

/**
 * serialization_failure, deadlock_detected, lock_not_available, query_canceled: nothing of the
 * transaction was kept, and the same again may succeed ("PostgreSQL Error Codes").
 */
const contendedStates = new Set(["40001", "40P01", "55P03", "57014"]);
/**
 * Classes of what the statement itself is not to blame for: its transaction, resources, limits,
 * prerequisites, intervention, system, internal.
 */
const ownStates = /^(?:25|40|53|54|55|57|58|F0|XX)/;

const attempts = 5;
const firstPauseMs = 20;

/** Whether a statement failed because another transaction was in its way. */
export function isContended(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && contendedStates.has(state);
}

/** Whether a failure is the database's, and not that of what was to be written into it. */
export function isDatabaseFailure(error: unknown): boolean {
  return isConnectionLost(error) || ownStates.test(stateOf(error) ?? "");
}

/**
 * Does something in a transaction, and the whole of it again where another transaction was in its way.
 * For work that has no effect outside of the transaction.
 *
 * @throws what the last attempt threw: {@link isContended} if there were too many
 */
export async function transact<T>(
  db: Kysely<Database>,
  work: (transaction: Transaction<Database>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt === attempts || !isContended(error)) throw error;
      // Two that have met must not meet again.
      await delay(firstPauseMs * 2 ** attempt * Math.random());
    }
  }
}

function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : undefined;
}
