import type { Backend } from "./backend.ts";
import { indexedDbError } from "./errors.ts";
import { IDBVersionChangeEvent, IndexedDbEvent } from "./events.ts";
import { encodeKey } from "./keys.ts";
import { macrotask } from "./macrotask.ts";
import { IDBOpenDBRequest } from "./request.ts";
import { SharedDatabase } from "./shared-database.ts";

/** Indexed Database API 3.0, section 4.3. */
export class IDBFactory {
  readonly #backend: Backend;
  readonly #databases = new Map<string, SharedDatabase>();
  readonly #opening = new Set<Promise<void>>();
  #closed = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  open(name: string, version?: number): IDBOpenDBRequest {
    const wanted = version === undefined ? undefined : readVersion(version);
    return this.#start(async (request) => {
      const connection = await this.#database(String(name)).open(request, wanted);
      request.succeed(connection);
      return new IndexedDbEvent("success");
    });
  }

  deleteDatabase(name: string): IDBOpenDBRequest {
    return this.#start(async (request) => {
      const oldVersion = await this.#database(String(name)).delete(request);
      request.succeed(undefined);
      return new IDBVersionChangeEvent("success", { oldVersion, newVersion: null });
    });
  }

  databases(): Promise<readonly { readonly name: string; readonly version: number }[]> {
    return this.#backend.listDatabases();
  }

  cmp(first: unknown, second: unknown): -1 | 0 | 1 {
    const low = encodeKey(first);
    const high = encodeKey(second);
    return low < high ? -1 : low > high ? 1 : 0;
  }

  /**
   * Takes no more opens and closes every connection. Resolves when all transactions have finished, or at
   * once when the store has failed.
   */
  close(): Promise<void> {
    this.#closed = true;
    return Promise.race([this.#backend.failure, this.#settle()]);
  }

  async #settle(): Promise<void> {
    for (const database of this.#databases.values()) database.closeConnections();
    await Promise.all(this.#opening);
    for (const database of this.#databases.values()) database.closeConnections();
    await Promise.all([...this.#databases.values()].map((database) => database.settled()));
  }

  #database(name: string): SharedDatabase {
    const known = this.#databases.get(name);
    if (known !== undefined) return known;
    const database = new SharedDatabase(name, this.#backend);
    this.#databases.set(name, database);
    return database;
  }

  #start(work: (request: IDBOpenDBRequest) => Promise<IndexedDbEvent>): IDBOpenDBRequest {
    if (this.#closed)
      throw indexedDbError("InvalidStateError", "The crypto store has been closed.");
    const request = new IDBOpenDBRequest();
    const opening = this.#run(request, work);
    this.#opening.add(opening);
    void opening.then(() => this.#opening.delete(opening));
    return request;
  }

  async #run(
    request: IDBOpenDBRequest,
    work: (request: IDBOpenDBRequest) => Promise<IndexedDbEvent>,
  ): Promise<void> {
    await macrotask();
    try {
      request.dispatch(await work(request));
    } catch (error) {
      if (!(error instanceof DOMException)) {
        this.#backend.fail(error);
        return;
      }
      request.fail(error);
      request.dispatch(new IndexedDbEvent("error", { bubbles: true, cancelable: true }));
    }
  }

  get [Symbol.toStringTag](): string {
    return "IDBFactory";
  }
}

function readVersion(version: number): number {
  const wanted = Math.trunc(Number(version));
  if (Number.isNaN(wanted) || wanted < 1 || wanted > Number.MAX_SAFE_INTEGER) {
    throw new TypeError("A database version is a positive integer.");
  }
  return wanted;
}
