import { z } from "zod";
import type { Window } from "./key-range.ts";
import type { EncodedKey } from "./keys.ts";
import type { Column } from "./overlay.ts";
import { RangeCache } from "./range-cache.ts";
import { RowCache } from "./row-cache.ts";
import { type DatabaseSchema, INDEX_SLOTS, type IndexSchema, type StoreSchema } from "./schema.ts";
import type { SqlSession } from "./sql-session.ts";
import type { StoredValue } from "./values.ts";
import { type ChangeSet, writeChanges } from "./write-changes.ts";

export interface BackendOptions {
  readonly session: SqlSession;
  readonly onFatal: (error: unknown) => void;
  /** How many single records to keep in memory; 0 reads everything from the database. */
  readonly cachedRows: number;
}

export interface StoredRow {
  readonly position: string;
  readonly key: EncodedKey;
  /** Empty when only keys were asked for. */
  readonly value: StoredValue;
}

export interface RowQuery {
  readonly databaseId: number;
  readonly storeId: number;
  readonly column: Column;
  readonly window: Window;
  readonly descending: boolean;
  readonly withValues: boolean;
  /** Undefined: all of them. */
  readonly limit: number | undefined;
}

const storedIndexes = z.array(
  z.object({
    name: z.string(),
    keyPath: z.union([z.string(), z.array(z.string())]),
    unique: z.boolean(),
    slot: z.int().min(1).max(INDEX_SLOTS),
  }),
);

/**
 * The SQL side. What fails here ends the process: the state of the Rust store in memory is then ahead of
 * the database, and going on would lose keys (encryption.md 1.3, fail-stop). The caller of a failed
 * statement waits for ever, so that nothing that was not stored is ever reported as stored.
 */
export class Backend {
  readonly #session: SqlSession;
  readonly #onFatal: (error: unknown) => void;
  readonly #cache: RowCache;
  readonly #ranges: RangeCache;
  readonly #failure = Promise.withResolvers<void>();
  #failed = false;

  constructor(options: BackendOptions) {
    this.#session = options.session;
    this.#onFatal = options.onFatal;
    this.#cache = new RowCache(options.cachedRows);
    this.#ranges = new RangeCache(options.cachedRows);
  }

  /** Resolves when a statement has failed; usually never. */
  get failure(): Promise<void> {
    return this.#failure.promise;
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure.resolve();
    this.#onFatal(error);
  }

  loadDatabase(name: string): Promise<DatabaseSchema | undefined> {
    return this.#guard(async () => {
      const [database] = await this.#session.run<{ id: number; version: string }>(
        "SELECT id, version::text AS version FROM crypto_database WHERE name = $1",
        [name],
      );
      if (database === undefined) return undefined;
      const rows = await this.#session.run<{ store_id: number; name: string; indexes: string }>(
        "SELECT store_id, name, indexes FROM crypto_store WHERE database_id = $1",
        [database.id],
      );
      const stores = new Map(rows.map((row) => [row.name, readStore(row)]));
      const lastStoreId = Math.max(0, ...rows.map((row) => row.store_id));
      return { name, id: database.id, version: Number(database.version), stores, lastStoreId };
    });
  }

  listDatabases(): Promise<readonly { readonly name: string; readonly version: number }[]> {
    return this.#guard(async () => {
      const rows = await this.#session.run<{ name: string; version: string }>(
        "SELECT name, version::text AS version FROM crypto_database ORDER BY name",
        [],
      );
      return rows.map((row) => ({ name: row.name, version: Number(row.version) }));
    });
  }

  readValue(databaseId: number, storeId: number, key: EncodedKey): Promise<StoredValue | null> {
    const cached = this.#cache.get(databaseId, storeId, key);
    if (cached !== undefined) return Promise.resolve(cached);
    return this.#guard(async () => {
      const generation = this.#cache.generation;
      const [row] = await this.#session.run<{ value: string }>(
        "SELECT value FROM crypto_record WHERE database_id = $1 AND store_id = $2 AND key = $3",
        [databaseId, storeId, key],
      );
      const value = row?.value ?? null;
      if (generation === this.#cache.generation) this.#cache.set(databaseId, storeId, key, value);
      return value;
    });
  }

  readRows(query: RowQuery): Promise<readonly StoredRow[]> {
    const cached = this.#ranges.get(query);
    if (cached !== undefined) return Promise.resolve(cached);
    const column = columnName(query.column);
    return this.#guard(async () => {
      const generation = this.#cache.generation;
      const rows = await this.#session.run<StoredRow>(
        `SELECT ${column} AS position, key, ${query.withValues ? "value" : "'' AS value"}
         FROM crypto_record
         WHERE database_id = $1 AND store_id = $2 AND ${column} >= $3 AND ${column} < $4
         ORDER BY ${column} ${query.descending ? "DESC" : "ASC"} LIMIT $5`,
        [query.databaseId, query.storeId, query.window.from, query.window.to, query.limit ?? null],
      );
      if (generation === this.#cache.generation) this.#ranges.set(query, rows);
      return rows;
    });
  }

  countRows(databaseId: number, storeId: number, column: Column, window: Window): Promise<number> {
    return this.#guard(async () => {
      const [row] = await this.#session.run<{ count: number }>(
        `SELECT count(*)::integer AS count FROM crypto_record
         WHERE database_id = $1 AND store_id = $2
           AND ${columnName(column)} >= $3 AND ${columnName(column)} < $4`,
        [databaseId, storeId, window.from, window.to],
      );
      return row?.count ?? 0;
    });
  }

  /** Resolves after the COMMIT. */
  flush(changes: ChangeSet): Promise<void> {
    return this.#guard(async () => {
      const databaseId = await writeChanges(this.#session, changes);
      changes.database.id = databaseId;
      for (const store of changes.database.stores.values()) store.persisted = true;
      this.#cache.generation += 1;
      if (changes.schema !== undefined || changes.clearedStores.length > 0) this.#clearCaches();
      for (const { storeId, key } of changes.deletes) {
        this.#cache.set(databaseId, storeId, key, null);
        this.#ranges.forget(databaseId, storeId);
      }
      for (const put of changes.puts) {
        this.#cache.set(databaseId, put.storeId, put.key, put.value);
        this.#ranges.forget(databaseId, put.storeId);
      }
    });
  }

  deleteDatabase(databaseId: number): Promise<void> {
    return this.#guard(async () => {
      await this.#session.atomically(async (session) => {
        await session.run("DELETE FROM crypto_record WHERE database_id = $1", [databaseId]);
        await session.run("DELETE FROM crypto_database WHERE id = $1", [databaseId]);
      });
      this.#cache.generation += 1;
      this.#clearCaches();
    });
  }

  #clearCaches(): void {
    this.#cache.clear();
    this.#ranges.clear();
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#failed) {
      try {
        return await work();
      } catch (error) {
        this.fail(error);
      }
    }
    return new Promise<never>(() => undefined);
  }
}

function columnName(column: Column): string {
  return column === 0 ? "key" : `index_${column}`;
}

function readStore(row: { store_id: number; name: string; indexes: string }): StoreSchema {
  const indexes = new Map<string, IndexSchema>();
  for (const index of storedIndexes.parse(JSON.parse(row.indexes))) {
    indexes.set(index.name, { ...index, filled: true, deleted: false });
  }
  return { id: row.store_id, name: row.name, indexes, persisted: true, deleted: false };
}
