import { IDBCursor, IDBCursorWithValue } from "./cursor.ts";
import { IDBDatabase } from "./database.ts";
import { IDBVersionChangeEvent } from "./events.ts";
import { IDBFactory } from "./factory.ts";
import { IDBIndex } from "./index-handle.ts";
import { IDBKeyRange } from "./key-range.ts";
import { IDBObjectStore } from "./object-store.ts";
import { IDBOpenDBRequest, IDBRequest } from "./request.ts";
import { IDBTransaction } from "./transaction.ts";

const classes = {
  IDBCursor,
  IDBCursorWithValue,
  IDBDatabase,
  IDBFactory,
  IDBIndex,
  IDBKeyRange,
  IDBObjectStore,
  IDBOpenDBRequest,
  IDBRequest,
  IDBTransaction,
  IDBVersionChangeEvent,
};

/**
 * Makes a factory the `indexedDB` of this process, with the classes the Rust store casts to. Must run
 * before the first store is opened. `Window` and `WorkerGlobalScope` must not exist: the Rust store
 * would then look for the factory there (encryption.md 1.3).
 */
export function installIndexedDb(indexedDB: IDBFactory, globals: object = globalThis): void {
  if ("Window" in globals || "WorkerGlobalScope" in globals) {
    throw new Error(
      "The crypto store cannot be found where Window or WorkerGlobalScope is defined.",
    );
  }
  for (const [name, value] of Object.entries({ ...classes, indexedDB })) {
    Object.defineProperty(globals, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  }
}
