import { indexedDbError } from "./errors.ts";
import { IndexedDbEventTarget, type IndexedDbHandler } from "./events.ts";
import type { IDBTransaction } from "./transaction.ts";

/** Indexed Database API 3.0, section 4.1. */
export class IDBRequest extends IndexedDbEventTarget {
  readonly source: object | null;
  transaction: IDBTransaction | null;
  readyState: "pending" | "done" = "pending";
  onsuccess: IndexedDbHandler = null;
  onerror: IndexedDbHandler = null;
  #result: unknown;
  #error: DOMException | null = null;

  constructor(source: object | null, transaction: IDBTransaction | null) {
    super();
    this.source = source;
    this.transaction = transaction;
  }

  get result(): unknown {
    this.#assertDone();
    return this.#result;
  }

  get error(): DOMException | null {
    this.#assertDone();
    return this.#error;
  }

  succeed(result: unknown): void {
    this.readyState = "done";
    this.#result = result;
    this.#error = null;
  }

  fail(error: DOMException): void {
    this.readyState = "done";
    this.#result = undefined;
    this.#error = error;
  }

  /** A cursor uses its one request again for every step. */
  restart(): void {
    this.readyState = "pending";
  }

  #assertDone(): void {
    if (this.readyState === "pending") {
      throw indexedDbError("InvalidStateError", "The request has not finished.");
    }
  }

  protected override handlerOf(type: string): IndexedDbHandler {
    if (type === "success") return this.onsuccess;
    return type === "error" ? this.onerror : null;
  }

  protected override parent(): IndexedDbEventTarget | null {
    return this.transaction;
  }

  get [Symbol.toStringTag](): string {
    return "IDBRequest";
  }
}

export class IDBOpenDBRequest extends IDBRequest {
  onupgradeneeded: IndexedDbHandler = null;
  onblocked: IndexedDbHandler = null;

  constructor() {
    super(null, null);
  }

  protected override handlerOf(type: string): IndexedDbHandler {
    if (type === "upgradeneeded") return this.onupgradeneeded;
    return type === "blocked" ? this.onblocked : super.handlerOf(type);
  }

  /** A failed open does not bubble into the upgrade that failed. */
  protected override parent(): null {
    return null;
  }

  override get [Symbol.toStringTag](): string {
    return "IDBOpenDBRequest";
  }
}
