import type { Backend, RowQuery, StoredRow } from "./backend.ts";
import { indexedDbError } from "./errors.ts";
import { evaluateKeyPath } from "./key-path.ts";
import { everything, type Window, windowOfKey } from "./key-range.ts";
import type { EncodedKey } from "./keys.ts";
import { type Column, type IndexPositions, noPositions, StoreOverlay } from "./overlay.ts";
import { Scan, type ScanOptions } from "./scan.ts";
import type { DatabaseSchema, IndexSchema, StoreSchema } from "./schema.ts";
import { type ClonedValue, readValue, type StoredValue } from "./values.ts";
import type { RecordPut } from "./write-changes.ts";

/** A record on its way into a store, with the indexes that existed when the caller asked for it. */
export interface NewRecord {
  readonly key: EncodedKey;
  readonly value: StoredValue;
  readonly positions: IndexPositions;
  readonly indexKeys: ReadonlyMap<IndexSchema, EncodedKey>;
}

/** One store as one transaction sees it: its own uncommitted writes over the rows of the database. */
export class StoreView {
  readonly store: StoreSchema;
  readonly overlay = new StoreOverlay();
  readonly #backend: Backend;
  readonly #database: DatabaseSchema;

  constructor(backend: Backend, database: DatabaseSchema, store: StoreSchema) {
    this.#backend = backend;
    this.#database = database;
    this.store = store;
  }

  async read(key: EncodedKey): Promise<StoredValue | null> {
    const written = this.overlay.get(key);
    if (written !== undefined) return written?.value ?? null;
    const databaseId = this.#storedDatabaseId();
    return databaseId === undefined
      ? null
      : this.#backend.readValue(databaseId, this.store.id, key);
  }

  scan(options: ScanOptions): Scan {
    return new Scan(this, options);
  }

  async storedRows(query: Omit<RowQuery, "databaseId" | "storeId">): Promise<readonly StoredRow[]> {
    const databaseId = this.#storedDatabaseId();
    if (databaseId === undefined || query.window.from >= query.window.to) return [];
    return this.#backend.readRows({ ...query, databaseId, storeId: this.store.id });
  }

  async count(column: Column, window: Window): Promise<number> {
    const databaseId = this.#storedDatabaseId();
    if (!this.overlay.touched && databaseId !== undefined) {
      return this.#backend.countRows(databaseId, this.store.id, column, window);
    }
    const scan = this.scan({
      column,
      window,
      direction: "next",
      withValues: false,
      firstFetch: undefined,
    });
    let count = 0;
    while ((await scan.next()) !== undefined) count += 1;
    return count;
  }

  prepare(key: EncodedKey, clone: ClonedValue): NewRecord {
    const indexKeys = indexKeysOf(this.store.indexes.values(), clone.value);
    return { key, value: clone.stored, positions: positionsOf(key, indexKeys), indexKeys };
  }

  /** Indexed Database API 3.0, section 6.1: throws a ConstraintError and then changes nothing. */
  async write(record: NewRecord, noOverwrite: boolean): Promise<void> {
    if (noOverwrite && (await this.read(record.key)) !== null) {
      throw indexedDbError("ConstraintError", "A record with this key exists already.");
    }
    for (const [index, indexKey] of record.indexKeys) {
      if (index.unique && index.filled && (await this.#isTaken(index, indexKey, record.key))) {
        throw indexedDbError("ConstraintError", "Another record has this key in a unique index.");
      }
    }
    this.overlay.put(record.key, record);
  }

  async delete(window: Window, onlyKey: EncodedKey | undefined): Promise<void> {
    if (onlyKey !== undefined) {
      this.overlay.delete(onlyKey);
      return;
    }
    const scan = this.scan({
      column: 0,
      window,
      direction: "next",
      withValues: false,
      firstFetch: undefined,
    });
    for (let entry = await scan.next(); entry !== undefined; entry = await scan.next()) {
      this.overlay.delete(entry.primaryKey);
    }
  }

  /** Enters the records that were there before the index, into all indexes that there were then. */
  async fill(index: IndexSchema, indexes: readonly IndexSchema[]): Promise<void> {
    const scan = this.scan({
      column: 0,
      window: everything,
      direction: "next",
      withValues: true,
      firstFetch: 256,
    });
    const seen = new Set<EncodedKey>();
    for (let entry = await scan.next(); entry !== undefined; entry = await scan.next()) {
      const indexKeys = indexKeysOf(indexes, readValue(entry.value));
      const indexKey = indexKeys.get(index);
      if (indexKey === undefined) continue;
      if (index.unique && seen.has(indexKey)) {
        throw indexedDbError("ConstraintError", "Records share a key in a new unique index.");
      }
      seen.add(indexKey);
      const positions = positionsOf(entry.primaryKey, indexKeys);
      this.overlay.put(entry.primaryKey, { value: entry.value, positions });
    }
    index.filled = true;
  }

  /** What a commit must write, with the columns of indexes that are gone left empty. */
  pendingPuts(): RecordPut[] {
    const puts: RecordPut[] = [];
    const slots = [...this.store.indexes.values()].map((index) => index.slot);
    for (const [key, record] of this.overlay.records()) {
      if (record === null) continue;
      const positions =
        slots.length === 0
          ? null
          : record.positions.map((position, slot) => (slots.includes(slot) ? position : null));
      puts.push({ storeId: this.store.id, key, value: record.value, positions });
    }
    return puts;
  }

  pendingDeletes(): { readonly storeId: number; readonly key: EncodedKey }[] {
    const deletes = [];
    for (const [key, record] of this.overlay.records()) {
      if (record === null) deletes.push({ storeId: this.store.id, key });
    }
    return deletes;
  }

  async #isTaken(index: IndexSchema, indexKey: EncodedKey, key: EncodedKey): Promise<boolean> {
    const scan = this.scan({
      column: index.slot,
      window: windowOfKey(indexKey),
      direction: "next",
      withValues: false,
      firstFetch: 2,
    });
    for (let entry = await scan.next(); entry !== undefined; entry = await scan.next()) {
      if (entry.primaryKey !== key) return true;
    }
    return false;
  }

  #storedDatabaseId(): number | undefined {
    return this.store.persisted && !this.overlay.cleared ? this.#database.id : undefined;
  }
}

function indexKeysOf(indexes: Iterable<IndexSchema>, value: unknown): Map<IndexSchema, EncodedKey> {
  const keys = new Map<IndexSchema, EncodedKey>();
  for (const index of indexes) {
    const key = evaluateKeyPath(index.keyPath, value);
    if (key !== undefined) keys.set(index, key);
  }
  return keys;
}

function positionsOf(
  key: EncodedKey,
  indexKeys: ReadonlyMap<IndexSchema, EncodedKey>,
): IndexPositions {
  if (indexKeys.size === 0) return noPositions;
  const positions = [...noPositions];
  for (const [index, indexKey] of indexKeys) positions[index.slot] = indexKey + key;
  return positions;
}
