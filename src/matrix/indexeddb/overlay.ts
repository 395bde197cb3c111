import type { Window } from "./key-range.ts";
import type { EncodedKey } from "./keys.ts";
import { INDEX_SLOTS } from "./schema.ts";
import { SortedEntries } from "./sorted-entries.ts";
import type { StoredValue } from "./values.ts";

/** Column 0 is the store itself, 1 to 6 its indexes: see `crypto_record`. */
export type Column = number;
/** The position of a record in each index column; position 0 is not used. */
export type IndexPositions = readonly (string | null)[];

export const noPositions: IndexPositions = Array.from({ length: INDEX_SLOTS + 1 }, () => null);

export interface WrittenRecord {
  readonly value: StoredValue;
  readonly positions: IndexPositions;
}

/** What one transaction has written to one store and not yet committed. */
export class StoreOverlay {
  /** All records of the database are gone, as far as this transaction is concerned. */
  cleared = false;
  /** Null: deleted. */
  readonly #records = new Map<EncodedKey, WrittenRecord | null>();
  readonly #sorted = new Map<Column, SortedEntries>();

  get touched(): boolean {
    return this.cleared || this.#records.size > 0;
  }

  /** Undefined: this transaction has not touched the record. */
  get(key: EncodedKey): WrittenRecord | null | undefined {
    return this.#records.get(key) ?? (this.cleared || this.#records.has(key) ? null : undefined);
  }

  put(key: EncodedKey, record: WrittenRecord): void {
    this.#unlist(key);
    this.#records.set(key, record);
    for (const [column, entries] of this.#sorted) {
      const position = positionOf(key, record, column);
      if (position !== null) entries.add({ position, key });
    }
  }

  delete(key: EncodedKey): void {
    this.#unlist(key);
    if (this.cleared) this.#records.delete(key);
    else this.#records.set(key, null);
  }

  clear(): void {
    this.cleared = true;
    this.#records.clear();
    this.#sorted.clear();
  }

  first(
    column: Column,
    window: Window,
  ): { readonly position: string; readonly key: EncodedKey } | undefined {
    return this.#entries(column).first(window);
  }

  last(
    column: Column,
    window: Window,
  ): { readonly position: string; readonly key: EncodedKey } | undefined {
    return this.#entries(column).last(window);
  }

  records(): Iterable<readonly [EncodedKey, WrittenRecord | null]> {
    return this.#records;
  }

  #entries(column: Column): SortedEntries {
    const known = this.#sorted.get(column);
    if (known !== undefined) return known;
    const list = [];
    for (const [key, record] of this.#records) {
      const position = record === null ? null : positionOf(key, record, column);
      if (position !== null) list.push({ position, key });
    }
    const entries = new SortedEntries(list);
    this.#sorted.set(column, entries);
    return entries;
  }

  #unlist(key: EncodedKey): void {
    const record = this.#records.get(key);
    if (record === undefined || record === null) return;
    for (const [column, entries] of this.#sorted) {
      const position = positionOf(key, record, column);
      if (position !== null) entries.remove(position);
    }
  }
}

function positionOf(key: EncodedKey, record: WrittenRecord, column: Column): string | null {
  return column === 0 ? key : (record.positions[column] ?? null);
}
