import { randomUUID } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, PostgresDialect } from "kysely";
import { Pool } from "pg";
import { indexedDbMigration } from "../../../../src/db/migrations/0002-indexeddb.ts";
import { createSqlIndexedDb, type SqlIndexedDb } from "../../../../src/matrix/indexeddb/index.ts";

export type TestDatabase = Kysely<unknown>;

export interface Engine {
  readonly name: string;
  /** A database with fresh tables. */
  open(): Promise<{ readonly db: TestDatabase; close(): Promise<void> }>;
}

const pglite: Engine = {
  name: "PGlite",
  async open() {
    const db = new Kysely<unknown>({
      dialect: new PGliteDialect({ pglite: await PGlite.create() }),
    });
    await indexedDbMigration(db);
    return { db, close: () => db.destroy() };
  },
};

function postgresql(connectionString: string): Engine {
  return {
    name: "PostgreSQL",
    async open() {
      const schema = `indexeddb_${randomUUID().replaceAll("-", "")}`;
      const administration = new Pool({ connectionString, max: 1 });
      await administration.query(`CREATE SCHEMA ${schema}`);
      const pool = new Pool({ connectionString, max: 4, options: `-c search_path=${schema}` });
      const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
      await indexedDbMigration(db);
      return {
        db,
        close: async () => {
          await db.destroy();
          await administration.query(`DROP SCHEMA ${schema} CASCADE`);
          await administration.end();
        },
      };
    },
  };
}

const connectionString = process.env.DATABASE_URL;

/** PGlite always, PostgreSQL when DATABASE_URL names one. */
export const engines: readonly Engine[] =
  connectionString === undefined ? [pglite] : [pglite, postgresql(connectionString)];

export interface StoreOptions {
  readonly cachedRows?: number;
}

/** A store that makes the test fail when a statement fails. */
export function openStore(db: TestDatabase, options: StoreOptions = {}): SqlIndexedDb {
  return createSqlIndexedDb({
    db,
    ...options,
    onFatal: (error) => {
      queueMicrotask(() => {
        throw error;
      });
    },
  });
}
