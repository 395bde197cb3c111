/**
 * Writes transactions of linked rows until it is killed. Says on standard output `started N` before a
 * transaction and `complete N` when the event has been fired. Argument: the directory of a PGlite database.
 */

import { writeSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import { indexedDbMigration } from "../../../../src/db/migrations/0002-indexeddb.ts";
import { createSqlIndexedDb } from "../../../../src/matrix/indexeddb/index.ts";
import { connect, endOf, resultOf } from "./promises.ts";

const directory = process.argv[2];
if (directory === undefined) throw new Error("The directory of the database is missing.");
const pglite = await PGlite.create(directory);
const db = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite }) });
const { rows } = await pglite.query("SELECT 1 FROM pg_tables WHERE tablename = 'crypto_record'");
if (rows.length === 0) await indexedDbMigration(db);

const store = createSqlIndexedDb({
  db,
  onFatal: (error) => {
    throw error;
  },
});
const database = await connect(store.indexedDB, "crash", 1, (opened) => {
  opened.createObjectStore("head");
  opened.createObjectStore("chain").createIndex("transaction", "transaction");
});

const last: unknown = await resultOf(database.transaction("head").objectStore("head").get("last"));
for (let number = typeof last === "number" ? last + 1 : 1; ; number += 1) {
  writeSync(1, `started ${number}\n`);
  const transaction = database.transaction(["head", "chain"], "readwrite");
  const end = endOf(transaction);
  const chain = transaction.objectStore("chain");
  for (let link = 0; link < 1 + (number % 4); link += 1) {
    chain.put({ transaction: number, link, links: 1 + (number % 4) }, [number, link]);
  }
  chain.delete([number - 10, 0]);
  transaction.objectStore("head").put(number, "last");
  transaction.commit();
  if ((await end) !== "complete") throw new Error("The transaction was aborted.");
  writeSync(1, `complete ${number}\n`);
}
