import type { RowQuery, StoredRow } from "./backend.ts";

const LARGEST_CACHED_RANGE = 32;
const LARGEST_CACHED_VALUE = 16_384;

/**
 * Short ranges that were read last, for instance the devices of one person: each message asks for
 * them several times, and they seldom change. A commit drops all ranges of the stores that it
 * touches. It can be trusted for the reasons that `RowCache` gives.
 */
export class RangeCache {
  readonly #limit: number;
  readonly #stores = new Map<string, Map<string, readonly StoredRow[]>>();
  #rows = 0;

  /** @param limit how many rows to keep; beyond it everything is forgotten */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(query: RowQuery): readonly StoredRow[] | undefined {
    return this.#stores.get(storeName(query.databaseId, query.storeId))?.get(rangeName(query));
  }

  set(query: RowQuery, rows: readonly StoredRow[]): void {
    if (this.#limit === 0 || rows.length > LARGEST_CACHED_RANGE) return;
    if (rows.some(({ value }) => value.length > LARGEST_CACHED_VALUE)) return;
    if (this.#rows + rows.length + 1 > this.#limit) this.clear();
    const name = storeName(query.databaseId, query.storeId);
    const ranges = this.#stores.get(name) ?? new Map<string, readonly StoredRow[]>();
    this.#stores.set(name, ranges.set(rangeName(query), rows));
    // An empty range takes room too.
    this.#rows += rows.length + 1;
  }

  forget(databaseId: number, storeId: number): void {
    const name = storeName(databaseId, storeId);
    for (const rows of this.#stores.get(name)?.values() ?? []) this.#rows -= rows.length + 1;
    this.#stores.delete(name);
  }

  clear(): void {
    this.#stores.clear();
    this.#rows = 0;
  }
}

function storeName(databaseId: number, storeId: number): string {
  return `${databaseId}/${storeId}`;
}

function rangeName({ column, window, descending, withValues, limit }: RowQuery): string {
  return JSON.stringify([column, window.from, window.to, descending, withValues, limit]);
}
