import type { Backend } from "./backend.ts";
import type { IDBDatabase } from "./database.ts";
import { indexedDbError } from "./errors.ts";
import { IndexedDbEvent, IndexedDbEventTarget, type IndexedDbHandler } from "./events.ts";
import { macrotask } from "./macrotask.ts";
import { IDBObjectStore } from "./object-store.ts";
import { IDBRequest } from "./request.ts";
import type { DatabaseSchema, StoreSchema } from "./schema.ts";
import { StoreView } from "./store-view.ts";
import { StringList } from "./string-list.ts";
import type { TransactionMode, TransactionQueue } from "./transaction-queue.ts";
import type { ChangeSet, SchemaChange } from "./write-changes.ts";

export interface TransactionContext {
  readonly backend: Backend;
  readonly schema: DatabaseSchema;
  readonly queue: TransactionQueue;
}

/** Work that yields the result of a request, or throws the DOMException it fails with. */
export type Operation = () => unknown;

interface Pending {
  readonly operation: Operation;
  readonly request: IDBRequest;
}

/**
 * Indexed Database API 3.0, section 4.10. Writes stay in memory until the commit, which is one SQL
 * transaction; `complete` is fired after it and never without it. No SQL transaction is open while the
 * caller thinks, because on PGlite the whole process shares one connection.
 */
export class IDBTransaction extends IndexedDbEventTarget {
  readonly db: IDBDatabase;
  readonly mode: TransactionMode;
  readonly durability = "strict";
  readonly scope: Set<string>;
  error: DOMException | null = null;
  onabort: IndexedDbHandler = null;
  oncomplete: IndexedDbHandler = null;
  onerror: IndexedDbHandler = null;
  /** Resolves after the last event, with what became of the transaction. */
  readonly finished: Promise<"committed" | "aborted">;
  /** Set by an upgrade: what a commit changes in the tables of stores and indexes. */
  schemaChange: {
    droppedStores: StoreSchema[];
    droppedIndexes: { store: StoreSchema; slot: number }[];
  } | null = null;
  readonly #context: TransactionContext;
  readonly #ticket: { readonly granted: Promise<void>; release(): void };
  readonly #handles = new Map<string, IDBObjectStore>();
  readonly #views = new Map<StoreSchema, StoreView>();
  readonly #pending: Pending[] = [];
  readonly #conclude: (outcome: "committed" | "aborted") => void;
  readonly #beforeAbortEvent: (() => void) | undefined;
  #current: IDBRequest | undefined;
  #state: "active" | "committing" | "finished" = "active";

  constructor(
    db: IDBDatabase,
    scope: Iterable<string>,
    mode: TransactionMode,
    context: TransactionContext,
    undoSchema?: () => void,
  ) {
    super();
    this.db = db;
    this.mode = mode;
    this.scope = new Set(scope);
    this.#context = context;
    this.#beforeAbortEvent = undoSchema;
    const { promise, resolve } = Promise.withResolvers<"committed" | "aborted">();
    this.finished = promise;
    this.#conclude = resolve;
    this.#ticket = context.queue.enter(this.scope, mode);
    this.#run().catch((error: unknown) => context.backend.fail(error));
  }

  get isActive(): boolean {
    return this.#state === "active";
  }

  get isFinished(): boolean {
    return this.#state === "finished";
  }

  get objectStoreNames(): StringList {
    return StringList.ofNames(this.scope);
  }

  objectStore(name: string): IDBObjectStore {
    if (!this.isActive) throw indexedDbError("InvalidStateError", "The transaction has finished.");
    const store = this.#context.schema.stores.get(name);
    if (store === undefined || !this.scope.has(name)) {
      throw indexedDbError("NotFoundError", "The transaction has no such object store.");
    }
    const known = this.#handles.get(name);
    if (known?.store === store) return known;
    const handle = new IDBObjectStore(this, store, this.viewOf(store));
    this.#handles.set(name, handle);
    return handle;
  }

  viewOf(store: StoreSchema): StoreView {
    const known = this.#views.get(store);
    if (known !== undefined) return known;
    const view = new StoreView(this.#context.backend, this.#context.schema, store);
    this.#views.set(store, view);
    return view;
  }

  enqueue(source: object | null, operation: Operation, request?: IDBRequest): IDBRequest {
    if (!this.isActive) {
      throw indexedDbError("TransactionInactiveError", "The transaction takes no more requests.");
    }
    const placed = request ?? new IDBRequest(source, this);
    this.#pending.push({ operation, request: placed });
    return placed;
  }

  commit(): void {
    if (!this.isActive) throw indexedDbError("InvalidStateError", "The transaction has finished.");
    this.#state = "committing";
  }

  /** The Rust store calls this on every read transaction it drops, even a finished one: then it is free. */
  abort(): void {
    if (!this.isActive) {
      if (this.mode === "readonly") return;
      throw indexedDbError("InvalidStateError", "The transaction has finished.");
    }
    this.abortWith(null);
  }

  abortWith(error: DOMException | null): void {
    if (this.isFinished) return;
    this.#state = "finished";
    this.error = error;
    this.#views.clear();
    this.#beforeAbortEvent?.();
    const unfinished = this.#pending.splice(0).map((pending) => pending.request);
    if (this.#current !== undefined) unfinished.unshift(this.#current);
    void this.#announceAbort(unfinished.filter((request) => request.source !== null));
  }

  async #announceAbort(unfinished: readonly IDBRequest[]): Promise<void> {
    for (const request of unfinished) {
      await macrotask();
      request.fail(indexedDbError("AbortError", "The transaction was aborted."));
      request.dispatch(new IndexedDbEvent("error", { bubbles: true, cancelable: true }));
    }
    await macrotask();
    this.dispatch(new IndexedDbEvent("abort", { bubbles: true }));
    this.#ticket.release();
    this.#conclude("aborted");
  }

  async #run(): Promise<void> {
    await this.#ticket.granted;
    for (;;) {
      await macrotask();
      if (this.isFinished) return;
      const next = this.#pending.shift();
      if (next === undefined) break;
      this.#current = next.request;
      const outcome = await attempt(next.operation);
      if (this.isFinished) return;
      this.#current = undefined;
      this.#report(next.request, outcome);
    }
    this.#state = "committing";
    const changes = this.#changes();
    if (changes !== undefined) await this.#context.backend.flush(changes);
    this.#state = "finished";
    this.dispatch(new IndexedDbEvent("complete"));
    this.#ticket.release();
    this.#conclude("committed");
  }

  #report(request: IDBRequest, outcome: Outcome): void {
    if (outcome.error === null) {
      request.succeed(outcome.result);
      const { threw } = request.dispatch(new IndexedDbEvent("success"));
      if (threw) this.abortWith(indexedDbError("AbortError", "A listener failed."));
      return;
    }
    request.fail(outcome.error);
    const event = new IndexedDbEvent("error", { bubbles: true, cancelable: true });
    const { threw } = request.dispatch(event);
    if (threw) this.abortWith(indexedDbError("AbortError", "A listener failed."));
    else if (!event.defaultPrevented) this.abortWith(outcome.error);
  }

  #changes(): ChangeSet | undefined {
    const views = [...this.#views.values()].filter((view) => !view.store.deleted);
    const clearedStores = views
      .filter((view) => view.overlay.cleared && view.store.persisted)
      .map((view) => view.store.id);
    const deletes = views.flatMap((view) => (view.store.persisted ? view.pendingDeletes() : []));
    const puts = views.flatMap((view) => view.pendingPuts());
    const schema = this.#schemaChange();
    if (schema === undefined && clearedStores.length + deletes.length + puts.length === 0)
      return undefined;
    return { database: this.#context.schema, schema, clearedStores, deletes, puts };
  }

  #schemaChange(): SchemaChange | undefined {
    if (this.schemaChange === null) return undefined;
    const { droppedStores, droppedIndexes } = this.schemaChange;
    return {
      droppedStores: droppedStores.filter((store) => store.persisted).map((store) => store.id),
      droppedIndexes: droppedIndexes
        .filter(({ store }) => store.persisted && !store.deleted)
        .map(({ store, slot }) => ({ storeId: store.id, slot })),
    };
  }

  protected override handlerOf(type: string): IndexedDbHandler {
    if (type === "complete") return this.oncomplete;
    if (type === "abort") return this.onabort;
    return type === "error" ? this.onerror : null;
  }

  protected override parent(): IndexedDbEventTarget {
    return this.db;
  }

  get [Symbol.toStringTag](): string {
    return "IDBTransaction";
  }
}

interface Outcome {
  readonly result: unknown;
  readonly error: DOMException | null;
}

async function attempt(operation: Operation): Promise<Outcome> {
  try {
    return { result: await operation(), error: null };
  } catch (error) {
    if (error instanceof DOMException) return { result: undefined, error };
    throw error;
  }
}
