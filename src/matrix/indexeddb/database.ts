import { indexedDbError } from "./errors.ts";
import { IndexedDbEventTarget, type IndexedDbHandler } from "./events.ts";
import { assertActive } from "./guards.ts";
import type { IDBObjectStore } from "./object-store.ts";
import type { StoreSchema } from "./schema.ts";
import { StringList } from "./string-list.ts";
import { IDBTransaction, type TransactionContext } from "./transaction.ts";

/** Indexed Database API 3.0, section 4.4: one connection. */
export class IDBDatabase extends IndexedDbEventTarget {
  readonly name: string;
  version: number;
  onabort: IndexedDbHandler = null;
  onclose: IndexedDbHandler = null;
  onerror: IndexedDbHandler = null;
  onversionchange: IndexedDbHandler = null;
  /** The running upgrade of this connection. */
  upgrade: IDBTransaction | null = null;
  /** Resolves when the connection is closed and its transactions have finished. */
  readonly closed: Promise<void>;
  readonly #context: TransactionContext;
  readonly #confirmClosed: () => void;
  readonly #unfinished = new Set<IDBTransaction>();
  #closing = false;

  constructor(context: TransactionContext) {
    super();
    this.name = context.schema.name;
    this.version = context.schema.version;
    this.#context = context;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#confirmClosed = resolve;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  get objectStoreNames(): StringList {
    return StringList.ofNames(this.#context.schema.stores.keys());
  }

  createObjectStore(
    name: string,
    options?: { readonly keyPath?: unknown; readonly autoIncrement?: boolean } | null,
  ): IDBObjectStore {
    const { transaction, schema } = this.#upgrading();
    const inLine = options?.keyPath !== undefined && options.keyPath !== null;
    if (inLine || options?.autoIncrement === true) {
      throw indexedDbError("NotSupportedError", "Object stores here have out-of-line keys only.");
    }
    if (schema.stores.has(name))
      throw indexedDbError("ConstraintError", "The object store exists already.");
    schema.lastStoreId += 1;
    const store: StoreSchema = {
      id: schema.lastStoreId,
      name,
      indexes: new Map(),
      persisted: false,
      deleted: false,
    };
    schema.stores.set(name, store);
    transaction.scope.add(name);
    return transaction.objectStore(name);
  }

  deleteObjectStore(name: string): void {
    const { transaction, schema } = this.#upgrading();
    const store = schema.stores.get(name);
    if (store === undefined)
      throw indexedDbError("NotFoundError", "There is no such object store.");
    schema.stores.delete(name);
    transaction.scope.delete(name);
    store.deleted = true;
    for (const index of store.indexes.values()) index.deleted = true;
    transaction.schemaChange?.droppedStores.push(store);
  }

  transaction(storeNames: string | Iterable<string>, mode: unknown = "readonly"): IDBTransaction {
    if (mode !== "readonly" && mode !== "readwrite")
      throw new TypeError("This is not a transaction mode.");
    if (this.upgrade?.isFinished === false || this.#closing) {
      throw indexedDbError("InvalidStateError", "The connection is closing or being upgraded.");
    }
    const names = new Set(typeof storeNames === "string" ? [storeNames] : storeNames);
    for (const name of names) {
      if (!this.#context.schema.stores.has(name)) {
        throw indexedDbError("NotFoundError", "There is no such object store.");
      }
    }
    if (names.size === 0)
      throw indexedDbError("InvalidAccessError", "A transaction needs an object store.");
    return this.watch(new IDBTransaction(this, names, mode, this.#context));
  }

  /** The connection stays open until the transaction has finished. */
  watch(transaction: IDBTransaction): IDBTransaction {
    this.#unfinished.add(transaction);
    void transaction.finished.then(() => {
      this.#unfinished.delete(transaction);
      this.#closeIfDone();
    });
    return transaction;
  }

  close(): void {
    this.#closing = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#closing && this.#unfinished.size === 0) this.#confirmClosed();
  }

  #upgrading() {
    const transaction = this.upgrade;
    if (transaction === null) {
      throw indexedDbError("InvalidStateError", "Object stores change during an upgrade only.");
    }
    assertActive(transaction);
    return { transaction, schema: this.#context.schema };
  }

  protected override handlerOf(type: string): IndexedDbHandler {
    switch (type) {
      case "abort":
        return this.onabort;
      case "close":
        return this.onclose;
      case "error":
        return this.onerror;
      case "versionchange":
        return this.onversionchange;
      default:
        return null;
    }
  }

  protected override parent(): null {
    return null;
  }

  get [Symbol.toStringTag](): string {
    return "IDBDatabase";
  }
}
