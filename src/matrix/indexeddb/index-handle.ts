import { IDBCursor, IDBCursorWithValue, openCursor } from "./cursor.ts";
import { assertUsable, readLimit } from "./guards.ts";
import { windowOfQuery, windowOfRequiredQuery } from "./key-range.ts";
import type { IDBObjectStore } from "./object-store.ts";
import { Reading } from "./reading.ts";
import type { IDBRequest } from "./request.ts";
import type { IndexSchema } from "./schema.ts";
import type { Operation } from "./transaction.ts";

/** Indexed Database API 3.0, section 4.6. */
export class IDBIndex {
  readonly objectStore: IDBObjectStore;
  readonly schema: IndexSchema;
  readonly multiEntry = false;
  readonly #reading: Reading;

  constructor(objectStore: IDBObjectStore, schema: IndexSchema) {
    this.objectStore = objectStore;
    this.schema = schema;
    this.#reading = new Reading(objectStore.view, schema.slot);
  }

  get name(): string {
    return this.schema.name;
  }

  get keyPath(): string | readonly string[] {
    return this.schema.keyPath;
  }

  get unique(): boolean {
    return this.schema.unique;
  }

  get(query: unknown): IDBRequest {
    this.#assertUsable();
    const window = windowOfRequiredQuery(query);
    return this.#enqueue(() => this.#reading.firstValue(window));
  }

  getKey(query: unknown): IDBRequest {
    this.#assertUsable();
    const window = windowOfRequiredQuery(query);
    return this.#enqueue(() => this.#reading.firstKey(window));
  }

  getAll(query?: unknown, count?: unknown): IDBRequest {
    const limit = readLimit(count);
    this.#assertUsable();
    const window = windowOfQuery(query);
    return this.#enqueue(() => this.#reading.allValues(window, limit));
  }

  getAllKeys(query?: unknown, count?: unknown): IDBRequest {
    const limit = readLimit(count);
    this.#assertUsable();
    const window = windowOfQuery(query);
    return this.#enqueue(() => this.#reading.allKeys(window, limit));
  }

  count(query?: unknown): IDBRequest {
    this.#assertUsable();
    const window = windowOfQuery(query);
    return this.#enqueue(() => this.#reading.count(window));
  }

  openCursor(query?: unknown, direction?: unknown): IDBRequest {
    return openCursor(
      { source: this, home: this.objectStore, index: this.schema, query, direction },
      IDBCursorWithValue,
    );
  }

  openKeyCursor(query?: unknown, direction?: unknown): IDBRequest {
    return openCursor(
      { source: this, home: this.objectStore, index: this.schema, query, direction },
      IDBCursor,
    );
  }

  #assertUsable(): void {
    assertUsable(this.objectStore.transaction, this.objectStore.store, this.schema);
  }

  #enqueue(operation: Operation): IDBRequest {
    return this.objectStore.transaction.enqueue(this, operation);
  }

  get [Symbol.toStringTag](): string {
    return "IDBIndex";
  }
}
