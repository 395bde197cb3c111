import { type Kysely, sql } from "kysely";
import type { Database } from "../../src/db/schema.ts";

/**
 * Remembers the rows of a small database; the answer puts them back. A new database for every test
 * would take longer than the tests.
 */
export async function rememberRows(db: Kysely<Database>): Promise<() => Promise<void>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_name not like 'kysely%'
    -- Other tables point at the case.
    order by table_name <> 'case_file', table_name`.execute(db);
  const kept = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await sql<{ rows: string | null }>`
      select json_agg(t)::text as rows from ${sql.table(name)} t`.execute(db);
    kept.set(name, rows[0]?.rows ?? "[]");
  }
  return async () => {
    await sql`truncate ${sql.join(tables.map(({ name }) => sql.table(name)))}`.execute(db);
    for (const [name, rows] of kept) {
      await sql`insert into ${sql.table(name)} overriding system value
        select * from json_populate_recordset(null::${sql.table(name)}, ${rows}::json)`.execute(db);
    }
  };
}
