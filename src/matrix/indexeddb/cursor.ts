import { indexedDbError } from "./errors.ts";
import { assertUsable, assertWritable } from "./guards.ts";
import type { IDBIndex } from "./index-handle.ts";
import { windowOfQuery } from "./key-range.ts";
import { decodeKey, type EncodedKey, encodeKey, type Key } from "./keys.ts";
import type { IDBObjectStore } from "./object-store.ts";
import { IDBRequest } from "./request.ts";
import type { Direction, Scan, ScanEntry } from "./scan.ts";
import type { IndexSchema } from "./schema.ts";
import { cloneValue, readValue } from "./values.ts";

const FIRST_FETCH = 16;

interface CursorQuery {
  readonly source: IDBObjectStore | IDBIndex;
  /** The store whose records the cursor shows. */
  readonly home: IDBObjectStore;
  readonly index: IndexSchema | undefined;
  readonly query: unknown;
  readonly direction: unknown;
}

interface CursorParts extends Omit<CursorQuery, "query" | "direction"> {
  readonly scan: Scan;
  readonly direction: Direction;
  readonly request: IDBRequest;
}

/** Indexed Database API 3.0, section 4.9. */
export class IDBCursor {
  readonly source: IDBObjectStore | IDBIndex;
  readonly direction: Direction;
  readonly request: IDBRequest;
  key: Key | undefined;
  primaryKey: Key | undefined;
  readonly #parts: CursorParts;
  #position: EncodedKey = "";
  #primaryKey: EncodedKey = "";
  #arrived = false;

  constructor(parts: CursorParts) {
    this.source = parts.source;
    this.direction = parts.direction;
    this.request = parts.request;
    this.#parts = parts;
  }

  continue(key?: unknown): void {
    this.#assertArrived();
    const target = key === undefined ? undefined : encodeKey(key);
    if (target !== undefined) {
      const behind = this.direction.startsWith("prev")
        ? target >= this.#position
        : target <= this.#position;
      if (behind) throw indexedDbError("DataError", "The cursor has passed this key.");
    }
    this.#step(() => {
      if (target !== undefined) this.#parts.scan.skipTo(target);
      return this.iterate();
    });
  }

  advance(count: unknown): void {
    if (typeof count !== "number" || !Number.isInteger(count) || count <= 0) {
      throw new TypeError("The count must be a positive integer.");
    }
    this.#assertArrived();
    this.#step(async () => {
      let cursor = await this.iterate();
      for (let steps = 1; steps < count && cursor !== null; steps += 1)
        cursor = await this.iterate();
      return cursor;
    });
  }

  update(value: unknown): IDBRequest {
    const { home } = this.#parts;
    this.#assertWritable();
    const record = home.view.prepare(this.#primaryKey, cloneValue(value));
    return home.transaction.enqueue(this, async () => {
      await home.view.write(record, false);
      return decodeKey(record.key);
    });
  }

  delete(): IDBRequest {
    const { home } = this.#parts;
    this.#assertWritable();
    const key = this.#primaryKey;
    return home.transaction.enqueue(this, () => home.view.overlay.delete(key));
  }

  /** Moves on, and is the result of its request: itself, or null at the end. */
  async iterate(): Promise<IDBCursor | null> {
    const entry = await this.#parts.scan.next();
    if (entry === undefined) {
      this.key = undefined;
      this.primaryKey = undefined;
      return null;
    }
    this.#position = entry.key;
    this.#primaryKey = entry.primaryKey;
    this.key = decodeKey(entry.key);
    this.primaryKey = decodeKey(entry.primaryKey);
    this.show(entry);
    this.#arrived = true;
    return this;
  }

  protected show(_entry: ScanEntry): void {
    // A key cursor shows no value.
  }

  #step(operation: () => Promise<IDBCursor | null>): void {
    this.#arrived = false;
    this.request.restart();
    this.#parts.home.transaction.enqueue(this.source, operation, this.request);
  }

  #assertArrived(): void {
    const { home, index } = this.#parts;
    assertUsable(home.transaction, home.store, index);
    if (!this.#arrived)
      throw indexedDbError("InvalidStateError", "The cursor is moving or at its end.");
  }

  #assertWritable(): void {
    const { home, index } = this.#parts;
    assertUsable(home.transaction, home.store, index);
    assertWritable(home.transaction);
    if (!this.#arrived || !(this instanceof IDBCursorWithValue)) {
      throw indexedDbError("InvalidStateError", "The cursor shows no record.");
    }
  }

  get [Symbol.toStringTag](): string {
    return "IDBCursor";
  }
}

export class IDBCursorWithValue extends IDBCursor {
  value: unknown;

  protected override show(entry: ScanEntry): void {
    this.value = readValue(entry.value);
  }

  override get [Symbol.toStringTag](): string {
    return "IDBCursorWithValue";
  }
}

export function openCursor(
  query: CursorQuery,
  kind: typeof IDBCursor | typeof IDBCursorWithValue,
): IDBRequest {
  const { home, index, source } = query;
  assertUsable(home.transaction, home.store, index);
  const window = windowOfQuery(query.query);
  const direction = readDirection(query.direction);
  const scan = home.view.scan({
    column: index?.slot ?? 0,
    window,
    direction,
    withValues: kind === IDBCursorWithValue,
    firstFetch: FIRST_FETCH,
  });
  const request = new IDBRequest(source, home.transaction);
  const cursor = new kind({ source, home, index, scan, direction, request });
  return home.transaction.enqueue(source, () => cursor.iterate(), request);
}

function readDirection(value: unknown): Direction {
  switch (value) {
    case undefined:
      return "next";
    case "next":
    case "nextunique":
    case "prev":
    case "prevunique":
      return value;
    default:
      throw new TypeError("This is not a cursor direction.");
  }
}
