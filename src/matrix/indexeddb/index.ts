import type { Kysely } from "kysely";
import { Backend } from "./backend.ts";
import { IDBFactory } from "./factory.ts";
import { sqlSession } from "./sql-session.ts";

export type { IDBDatabase } from "./database.ts";
export { IDBFactory } from "./factory.ts";
export { installIndexedDb } from "./install.ts";
export { IDBKeyRange } from "./key-range.ts";

export interface SqlIndexedDbOptions<Tables> {
  /**
   * The database with the tables of migration 0002. On PGlite the process has one connection:
   * never await the crypto store inside a SQL transaction of your own, it would wait for that very one.
   */
  readonly db: Kysely<Tables>;
  /** A statement failed. The process must end: what the Rust store holds in memory is not stored. */
  readonly onFatal: (error: unknown) => void;
  /** Single records kept in memory, about 1 kB each; 0 keeps none. The default is 2,000. */
  readonly cachedRows?: number;
}

export interface SqlIndexedDb {
  readonly indexedDB: IDBFactory;
  /** Resolves when all transactions have finished. The database itself stays open. */
  close(): Promise<void>;
}

/** IndexedDB over PostgreSQL or PGlite; one process at a time may own the tables. */
export function createSqlIndexedDb<Tables>(options: SqlIndexedDbOptions<Tables>): SqlIndexedDb {
  const backend = new Backend({
    session: sqlSession(options.db),
    onFatal: options.onFatal,
    cachedRows: options.cachedRows ?? 2000,
  });
  const indexedDB = new IDBFactory(backend);
  return { indexedDB, close: () => indexedDB.close() };
}
