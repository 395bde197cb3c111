import { randomUUID } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { IDBFactory as FakeFactory } from "fake-indexeddb";
import { Kysely, PGliteDialect, PostgresDialect } from "kysely";
import { Pool } from "pg";
import { indexedDbMigration } from "../src/db/migrations/0002-indexeddb.ts";
import type { IDBDatabase } from "../src/matrix/indexeddb/database.ts";
import { createSqlIndexedDb, type IDBFactory } from "../src/matrix/indexeddb/index.ts";

const WARM_UP = 100;
const TRANSACTIONS = 1000;
const READS = 2000;
/** What one encrypted message writes: one sealed outbound session of about 1.5 kB. */
const session = { version: 1, ciphertext: "c".repeat(1500), nonce: "n".repeat(32) };

interface Subject {
  readonly name: string;
  readonly factory: IDBFactory;
  close(): Promise<void>;
}

export interface IndexedDbFigures {
  readonly name: string;
  /** Committed transactions of one put, one after the other, per second. */
  readonly writesPerSecond: number;
  /** Committed transactions of ten puts into two stores, per second. */
  readonly tenRowWritesPerSecond: number;
  /** Read transactions of one get, over 1,000 records that are in the row cache, per second. */
  readonly cachedReadsPerSecond: number;
  /** Read transactions of one getAll with a limit of one, which always asks the database, per second. */
  readonly readsPerSecond: number;
}

/** Small transactions on the SQL store and on fake-indexeddb, which keeps everything in memory. */
export async function benchIndexedDb(): Promise<readonly IndexedDbFigures[]> {
  const figures: IndexedDbFigures[] = [];
  for (const open of [openFake, openPGlite, openPostgresql]) {
    const subject = await open();
    if (subject === undefined) continue;
    figures.push(await measure(subject));
    await subject.close();
  }
  return figures;
}

async function measure(subject: Subject): Promise<IndexedDbFigures> {
  const database = await openDatabase(subject.factory);
  const write = (number: number) =>
    inTransaction(database, ["sessions"], "readwrite", (stores) => {
      stores[0]?.put(session, `session ${number % 1000}`);
    });
  const writeTen = (number: number) =>
    inTransaction(database, ["sessions", "devices"], "readwrite", (stores) => {
      for (let row = 0; row < 5; row += 1) {
        for (const store of stores) store.put(session, `session ${(number * 5 + row) % 1000}`);
      }
    });
  const readCached = (number: number) =>
    inTransaction(database, ["sessions"], "readonly", (stores) => {
      stores[0]?.get(`session ${number % 1000}`);
    });
  const read = (number: number) =>
    inTransaction(database, ["sessions"], "readonly", (stores) => {
      stores[0]?.getAll(`session ${number % 1000}`, 1);
    });
  const figures = {
    name: subject.name,
    writesPerSecond: await perSecond(write, TRANSACTIONS),
    tenRowWritesPerSecond: await perSecond(writeTen, TRANSACTIONS / 4),
    cachedReadsPerSecond: await perSecond(readCached, READS),
    readsPerSecond: await perSecond(read, READS),
  };
  database.close();
  return figures;
}

async function perSecond(work: (number: number) => Promise<void>, times: number): Promise<number> {
  for (let number = 0; number < WARM_UP; number += 1) await work(number);
  const start = performance.now();
  for (let number = 0; number < times; number += 1) await work(number);
  return (times * 1000) / (performance.now() - start);
}

type Stores = readonly ReturnType<ReturnType<IDBDatabase["transaction"]>["objectStore"]>[];

function inTransaction(
  database: IDBDatabase,
  names: readonly string[],
  mode: "readonly" | "readwrite",
  place: (stores: Stores) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([...names], mode);
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    place(names.map((name) => transaction.objectStore(name)));
    transaction.commit();
  });
}

function openDatabase(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open("bench", 1);
    let connection: IDBDatabase | undefined;
    request.onupgradeneeded = () => {
      connection = request.transaction?.db;
      connection?.createObjectStore("sessions");
      connection?.createObjectStore("devices");
    };
    request.onsuccess = () =>
      connection === undefined ? reject(new Error("no upgrade")) : resolve(connection);
    request.onerror = () => reject(request.error);
  });
}

async function openFake(): Promise<Subject> {
  return {
    name: "fake-indexeddb (memory)",
    factory: new FakeFactory(),
    close: () => Promise.resolve(),
  };
}

async function openPGlite(): Promise<Subject> {
  const db = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite: await PGlite.create() }) });
  return openSql("PGlite", db, () => Promise.resolve());
}

async function openPostgresql(): Promise<Subject | undefined> {
  const connectionString = process.env.DATABASE_URL;
  if (connectionString === undefined) return undefined;
  const schema = `bench_${randomUUID().replaceAll("-", "")}`;
  const administration = new Pool({ connectionString, max: 1 });
  await administration.query(`CREATE SCHEMA ${schema}`);
  const pool = new Pool({ connectionString, max: 4, options: `-c search_path=${schema}` });
  return openSql(
    "PostgreSQL",
    new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }),
    async () => {
      await administration.query(`DROP SCHEMA ${schema} CASCADE`);
      await administration.end();
    },
  );
}

async function openSql(
  name: string,
  db: Kysely<unknown>,
  cleanUp: () => Promise<void>,
): Promise<Subject> {
  await indexedDbMigration(db);
  const store = createSqlIndexedDb({
    db,
    onFatal: (error) => {
      throw error;
    },
  });
  return {
    name,
    factory: store.indexedDB,
    close: async () => {
      await store.close();
      await db.destroy();
      await cleanUp();
    },
  };
}

function table(figures: readonly IndexedDbFigures[]): string {
  const [reference] = figures;
  const lines = figures.map((row) => {
    const ratio = reference === undefined ? 1 : reference.writesPerSecond / row.writesPerSecond;
    const milliseconds = (1000 / row.writesPerSecond).toFixed(2);
    return [
      row.name.padEnd(24),
      `${Math.round(row.writesPerSecond)} writes/s (${milliseconds} ms, 1/${ratio.toFixed(1)})`.padEnd(
        36,
      ),
      `${Math.round(row.tenRowWritesPerSecond)} ten-row writes/s`.padEnd(24),
      `${Math.round(row.cachedReadsPerSecond)} cached reads/s`.padEnd(22),
      `${Math.round(row.readsPerSecond)} reads/s`,
    ].join(" ");
  });
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) process.stdout.write(table(await benchIndexedDb()));
