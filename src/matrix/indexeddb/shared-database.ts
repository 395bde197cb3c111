import type { Backend } from "./backend.ts";
import { IDBDatabase } from "./database.ts";
import { indexedDbError } from "./errors.ts";
import { IDBVersionChangeEvent } from "./events.ts";
import { macrotask } from "./macrotask.ts";
import type { IDBOpenDBRequest } from "./request.ts";
import { type DatabaseSchema, emptyDatabase, rememberSchema } from "./schema.ts";
import { IDBTransaction } from "./transaction.ts";
import { TransactionQueue } from "./transaction-queue.ts";

/** One database with all its connections; opening and deleting happen one after the other. */
export class SharedDatabase {
  readonly name: string;
  readonly #backend: Backend;
  readonly #queue = new TransactionQueue();
  readonly #connections = new Set<IDBDatabase>();
  #schema: DatabaseSchema | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, backend: Backend) {
    this.name = name;
    this.#backend = backend;
  }

  /** Throws the DOMException that the request is to fail with. */
  open(request: IDBOpenDBRequest, version: number | undefined): Promise<IDBDatabase> {
    return this.#inTurn(async () => {
      this.#schema ??= (await this.#backend.loadDatabase(this.name)) ?? emptyDatabase(this.name);
      const schema = this.#schema;
      const wanted = version ?? Math.max(schema.version, 1);
      if (schema.version > wanted) {
        throw indexedDbError("VersionError", "The stored database has a higher version.");
      }
      const context = { backend: this.#backend, schema, queue: this.#queue };
      const connection = new IDBDatabase(context);
      if (schema.version < wanted) {
        const announcement = { oldVersion: schema.version, newVersion: wanted };
        await this.#waitForOthers(request, announcement);
        this.#adopt(connection);
        const undo = rememberSchema(schema);
        schema.version = wanted;
        connection.version = wanted;
        const upgrade = new IDBTransaction(
          connection,
          schema.stores.keys(),
          "versionchange",
          context,
          () => {
            undo();
            connection.version = schema.version;
          },
        );
        await runUpgrade(request, connection, upgrade, announcement);
      } else {
        this.#adopt(connection);
      }
      return connection;
    });
  }

  /** The version that was deleted, 0 for none. */
  delete(request: IDBOpenDBRequest): Promise<number> {
    return this.#inTurn(async () => {
      this.#schema ??= (await this.#backend.loadDatabase(this.name)) ?? emptyDatabase(this.name);
      const { id, version } = this.#schema;
      await this.#waitForOthers(request, { oldVersion: version, newVersion: null });
      if (id !== undefined) await this.#backend.deleteDatabase(id);
      this.#schema = undefined;
      return version;
    });
  }

  closeConnections(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** Resolves when no transaction is unfinished. */
  settled(): Promise<void> {
    return this.#queue.idle();
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #adopt(connection: IDBDatabase): void {
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  async #waitForOthers(
    request: IDBOpenDBRequest,
    versions: { readonly oldVersion: number; readonly newVersion: number | null },
  ): Promise<void> {
    const others = [...this.#connections];
    await macrotask();
    for (const other of others) {
      if (!other.isClosing) other.dispatch(new IDBVersionChangeEvent("versionchange", versions));
    }
    await macrotask();
    if (others.some((other) => !other.isClosing)) {
      request.dispatch(new IDBVersionChangeEvent("blocked", versions));
    }
    await Promise.all(others.map((other) => other.closed));
  }
}

async function runUpgrade(
  request: IDBOpenDBRequest,
  connection: IDBDatabase,
  upgrade: IDBTransaction,
  versions: { readonly oldVersion: number; readonly newVersion: number },
): Promise<void> {
  upgrade.schemaChange = { droppedStores: [], droppedIndexes: [] };
  connection.upgrade = upgrade;
  connection.watch(upgrade);
  request.transaction = upgrade;
  request.succeed(connection);
  const { threw } = request.dispatch(new IDBVersionChangeEvent("upgradeneeded", versions));
  if (threw) upgrade.abortWith(indexedDbError("AbortError", "The upgrade failed."));
  const outcome = await upgrade.finished;
  await macrotask();
  connection.upgrade = null;
  request.transaction = null;
  if (outcome === "aborted" || connection.isClosing) {
    connection.close();
    throw indexedDbError("AbortError", "The upgrade was aborted.");
  }
}
