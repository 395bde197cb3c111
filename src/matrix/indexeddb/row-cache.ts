import type { EncodedKey } from "./keys.ts";
import type { StoredValue } from "./values.ts";

const LARGEST_CACHED_VALUE = 16_384;

/**
 * Single records that were read or written last, absent ones included (null). It can be trusted because one
 * process owns a database (design.md, encryption rules) and because a transaction holds its stores
 * against writers while it reads.
 */
export class RowCache {
  readonly #limit: number;
  readonly #rows = new Map<string, StoredValue | null>();
  /** Counts commits: a read that began before one must not enter what it saw afterwards. */
  generation = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(databaseId: number, storeId: number, key: EncodedKey): StoredValue | null | undefined {
    const name = cacheName(databaseId, storeId, key);
    const value = this.#rows.get(name);
    if (value !== undefined) {
      this.#rows.delete(name);
      this.#rows.set(name, value);
    }
    return value;
  }

  set(databaseId: number, storeId: number, key: EncodedKey, value: StoredValue | null): void {
    const name = cacheName(databaseId, storeId, key);
    this.#rows.delete(name);
    if (this.#limit === 0 || (value !== null && value.length > LARGEST_CACHED_VALUE)) return;
    this.#rows.set(name, value);
    if (this.#rows.size <= this.#limit) return;
    const oldest = this.#rows.keys().next();
    if (oldest.done !== true) this.#rows.delete(oldest.value);
  }

  clear(): void {
    this.#rows.clear();
  }
}

function cacheName(databaseId: number, storeId: number, key: EncodedKey): string {
  return `${databaseId}/${storeId}/${key}`;
}
