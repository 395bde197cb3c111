import { indexedDbError } from "./errors.ts";
import type { IndexSchema, StoreSchema } from "./schema.ts";
import type { IDBTransaction } from "./transaction.ts";

const LARGEST_COUNT = 4_294_967_295;

/** The checks that precede every request, in the order of the specification. */
export function assertUsable(
  transaction: IDBTransaction,
  store: StoreSchema,
  index: IndexSchema | undefined,
): void {
  if (store.deleted || index?.deleted === true) {
    throw indexedDbError("InvalidStateError", "The object store or index has been deleted.");
  }
  assertActive(transaction);
}

export function assertActive(transaction: IDBTransaction): void {
  if (!transaction.isActive) {
    throw indexedDbError("TransactionInactiveError", "The transaction takes no more requests.");
  }
}

export function assertWritable(transaction: IDBTransaction): void {
  if (transaction.mode === "readonly") {
    throw indexedDbError("ReadOnlyError", "The transaction may only read.");
  }
}

/** The `count` argument of getAll: undefined when there is no limit. */
export function readLimit(count: unknown): number | undefined {
  if (count === undefined) return undefined;
  const limit = Math.trunc(Number(count));
  if (Number.isNaN(limit) || limit < 0 || limit > LARGEST_COUNT) {
    throw new TypeError("The count must be an unsigned 32-bit integer.");
  }
  return limit === 0 ? undefined : limit;
}
