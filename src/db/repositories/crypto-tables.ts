import { type Kysely, sql } from "kysely";
import { indexedDbMigration } from "../migrations/0002-indexeddb.ts";
import type { Database } from "../schema.ts";

const tables = ["crypto_record", "crypto_store", "crypto_database"] as const;

/** Names of the crypto stores in the database; none if their tables are gone. */
export async function listCryptoStores(db: Kysely<Database>): Promise<readonly string[]> {
  if (await isMissing(db, "crypto_database")) return [];
  const { rows } = await sql<{ name: string }>`select name from crypto_database`.execute(db);
  return rows.map(({ name }) => name);
}

/** Whether one of the tables of the crypto stores is gone: none of them can be opened then. */
export async function areCryptoTablesLost(db: Kysely<Database>): Promise<boolean> {
  const missing = await Promise.all(tables.map((table) => isMissing(db, table)));
  return missing.includes(true);
}

/**
 * Makes the tables of the crypto stores anew if one of them is gone: what is left of them then opens
 * no store any more.
 *
 * @returns whether it had to
 */
export async function restoreCryptoTables(db: Kysely<Database>): Promise<boolean> {
  if (!(await areCryptoTablesLost(db))) return false;
  await db.transaction().execute(async (transaction) => {
    for (const table of tables) {
      await transaction.schema.dropTable(table).ifExists().execute();
    }
    await indexedDbMigration(transaction);
  });
  return true;
}

async function isMissing(db: Kysely<Database>, table: string): Promise<boolean> {
  const { rows } = await sql<{ found: string | null }>`
    select to_regclass(${table})::text as found`.execute(db);
  return rows[0]?.found === null;
}
