import { IDBCursor, IDBCursorWithValue, openCursor } from "./cursor.ts";
import { indexedDbError } from "./errors.ts";
import { assertActive, assertUsable, assertWritable, readLimit } from "./guards.ts";
import { IDBIndex } from "./index-handle.ts";
import { parseKeyPath } from "./key-path.ts";
import { IDBKeyRange, windowOfQuery, windowOfRequiredQuery } from "./key-range.ts";
import { decodeKey, encodeKey } from "./keys.ts";
import { Reading } from "./reading.ts";
import type { IDBRequest } from "./request.ts";
import { INDEX_SLOTS, type IndexSchema, type StoreSchema } from "./schema.ts";
import type { StoreView } from "./store-view.ts";
import { StringList } from "./string-list.ts";
import type { IDBTransaction, Operation } from "./transaction.ts";
import { cloneValue, readValue } from "./values.ts";

/** Indexed Database API 3.0, section 4.5, with out-of-line keys only. */
export class IDBObjectStore {
  readonly transaction: IDBTransaction;
  readonly store: StoreSchema;
  readonly view: StoreView;
  readonly keyPath = null;
  readonly autoIncrement = false;
  readonly #reading: Reading;
  readonly #indexes = new Map<IndexSchema, IDBIndex>();

  constructor(transaction: IDBTransaction, store: StoreSchema, view: StoreView) {
    this.transaction = transaction;
    this.store = store;
    this.view = view;
    this.#reading = new Reading(view, 0);
  }

  get name(): string {
    return this.store.name;
  }

  get indexNames(): StringList {
    return StringList.ofNames(this.store.deleted ? [] : this.store.indexes.keys());
  }

  put(value: unknown, key?: unknown): IDBRequest {
    return this.#write(value, key, false);
  }

  add(value: unknown, key?: unknown): IDBRequest {
    return this.#write(value, key, true);
  }

  #write(value: unknown, key: unknown, noOverwrite: boolean): IDBRequest {
    assertUsable(this.transaction, this.store, undefined);
    assertWritable(this.transaction);
    const clone = cloneValue(value);
    const record = this.view.prepare(encodeKey(key), clone);
    return this.#enqueue(async () => {
      await this.view.write(record, noOverwrite);
      return decodeKey(record.key);
    });
  }

  delete(query: unknown): IDBRequest {
    assertUsable(this.transaction, this.store, undefined);
    assertWritable(this.transaction);
    const onlyKey = query instanceof IDBKeyRange ? undefined : encodeKey(query);
    const window = windowOfRequiredQuery(query);
    return this.#enqueue(() => this.view.delete(window, onlyKey));
  }

  clear(): IDBRequest {
    assertUsable(this.transaction, this.store, undefined);
    assertWritable(this.transaction);
    return this.#enqueue(() => this.view.overlay.clear());
  }

  get(query: unknown): IDBRequest {
    assertUsable(this.transaction, this.store, undefined);
    if (query instanceof IDBKeyRange)
      return this.#enqueue(() => this.#reading.firstValue(query.window));
    const key = encodeKey(query);
    return this.#enqueue(async () => {
      const stored = await this.view.read(key);
      return stored === null ? undefined : readValue(stored);
    });
  }

  getKey(query: unknown): IDBRequest {
    assertUsable(this.transaction, this.store, undefined);
    const window = windowOfRequiredQuery(query);
    return this.#enqueue(() => this.#reading.firstKey(window));
  }

  getAll(query?: unknown, count?: unknown): IDBRequest {
    const limit = readLimit(count);
    assertUsable(this.transaction, this.store, undefined);
    const window = windowOfQuery(query);
    return this.#enqueue(() => this.#reading.allValues(window, limit));
  }

  getAllKeys(query?: unknown, count?: unknown): IDBRequest {
    const limit = readLimit(count);
    assertUsable(this.transaction, this.store, undefined);
    const window = windowOfQuery(query);
    return this.#enqueue(() => this.#reading.allKeys(window, limit));
  }

  count(query?: unknown): IDBRequest {
    assertUsable(this.transaction, this.store, undefined);
    const window = windowOfQuery(query);
    return this.#enqueue(() => this.#reading.count(window));
  }

  openCursor(query?: unknown, direction?: unknown): IDBRequest {
    return openCursor(
      { source: this, home: this, index: undefined, query, direction },
      IDBCursorWithValue,
    );
  }

  openKeyCursor(query?: unknown, direction?: unknown): IDBRequest {
    return openCursor({ source: this, home: this, index: undefined, query, direction }, IDBCursor);
  }

  index(name: string): IDBIndex {
    if (this.store.deleted || this.transaction.isFinished) {
      throw indexedDbError("InvalidStateError", "The object store or its transaction is gone.");
    }
    const index = this.store.indexes.get(name);
    if (index === undefined)
      throw indexedDbError("NotFoundError", "The object store has no such index.");
    return this.#handleOf(index);
  }

  createIndex(
    name: string,
    keyPath: unknown,
    options: { readonly unique?: boolean; readonly multiEntry?: boolean } = {},
  ): IDBIndex {
    const change = this.#upgrade();
    if (this.store.indexes.has(name))
      throw indexedDbError("ConstraintError", "The index exists already.");
    const path = parseKeyPath(keyPath);
    if (options.multiEntry === true) {
      throw indexedDbError("NotSupportedError", "This store has no multi-entry indexes.");
    }
    const taken = new Set([...this.store.indexes.values()].map((index) => index.slot));
    for (const { store, slot } of change.droppedIndexes) if (store === this.store) taken.add(slot);
    const slot = Array.from({ length: INDEX_SLOTS }, (_, position) => position + 1).find(
      (candidate) => !taken.has(candidate),
    );
    if (slot === undefined) {
      throw indexedDbError(
        "NotSupportedError",
        `An object store has at most ${INDEX_SLOTS} indexes.`,
      );
    }
    const unique = options.unique === true;
    const index: IndexSchema = { name, keyPath: path, unique, slot, filled: false, deleted: false };
    this.store.indexes.set(name, index);
    const indexes = [...this.store.indexes.values()];
    this.transaction.enqueue(null, () => this.#fill(index, indexes));
    return this.#handleOf(index);
  }

  deleteIndex(name: string): void {
    const change = this.#upgrade();
    const index = this.store.indexes.get(name);
    if (index === undefined)
      throw indexedDbError("NotFoundError", "The object store has no such index.");
    this.store.indexes.delete(name);
    change.droppedIndexes.push({ store: this.store, slot: index.slot });
    index.deleted = true;
  }

  #upgrade(): NonNullable<IDBTransaction["schemaChange"]> {
    if (this.transaction.schemaChange === null || this.store.deleted) {
      throw indexedDbError("InvalidStateError", "Indexes change during an upgrade only.");
    }
    assertActive(this.transaction);
    return this.transaction.schemaChange;
  }

  #handleOf(index: IndexSchema): IDBIndex {
    const known = this.#indexes.get(index);
    if (known !== undefined) return known;
    const handle = new IDBIndex(this, index);
    this.#indexes.set(index, handle);
    return handle;
  }

  #enqueue(operation: Operation): IDBRequest {
    return this.transaction.enqueue(this, operation);
  }

  /** No request of the caller's: nothing can prevent the abort when the records are not unique. */
  async #fill(index: IndexSchema, indexes: readonly IndexSchema[]): Promise<void> {
    try {
      await this.view.fill(index, indexes);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.transaction.abortWith(error);
    }
  }

  get [Symbol.toStringTag](): string {
    return "IDBObjectStore";
  }
}
