import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Kysely, sql } from "kysely";
import type { Database } from "../../../src/db/schema.ts";

const run = promisify(execFile);

/** The rows of every table, each as text with all its columns. */
export async function dumpRows(
  db: Kysely<Database>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows: tables } = await sql<{ schema: string; name: string }>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
  `.execute(db);
  const dump = new Map<string, readonly string[]>();
  for (const { schema, name } of tables) {
    const { rows } = await sql<{ row: string }>`
      select t::text as "row" from ${sql.id(schema, name)} t`.execute(db);
    dump.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return dump;
}

/** What `pg_dump` writes of a database of PostgreSQL. */
export async function dumpPostgresql(url: string): Promise<string> {
  const { stdout } = await run("pg_dump", ["--inserts", url], { maxBuffer: 1024 ** 3 });
  return stdout;
}
