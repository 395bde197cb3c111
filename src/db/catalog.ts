import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";

export interface ColumnName {
  readonly table: string;
  readonly column: string;
}

/** Every column of text, in every table of this database. */
export async function listTextColumns(db: Kysely<Database>): Promise<readonly ColumnName[]> {
  const { rows } = await sql<ColumnName>`
    select c.table_name as "table", c.column_name as "column"
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
      and c.data_type in ('text', 'character varying')
    order by 1, 2`.execute(db);
  return rows;
}

export interface ForeignKey {
  /** The table that points. */
  readonly from: ColumnName;
  readonly to: ColumnName;
}

/** Foreign keys of one column. */
export async function listForeignKeys(db: Kysely<Database>): Promise<readonly ForeignKey[]> {
  const { rows } = await sql<{
    from_table: string;
    from_column: string;
    to_table: string;
    to_column: string;
  }>`
    select f.relname as from_table, fa.attname as from_column,
      t.relname as to_table, ta.attname as to_column
    from pg_constraint c
    join pg_class f on f.oid = c.conrelid
    join pg_namespace n on n.oid = f.relnamespace
    join pg_class t on t.oid = c.confrelid
    join pg_attribute fa on fa.attrelid = f.oid and fa.attnum = c.conkey[1]
    join pg_attribute ta on ta.attrelid = t.oid and ta.attnum = c.confkey[1]
    where c.contype = 'f' and n.nspname = current_schema() and cardinality(c.conkey) = 1
    order by 1, 2`.execute(db);
  return rows.map((row) => ({
    from: { table: row.from_table, column: row.from_column },
    to: { table: row.to_table, column: row.to_column },
  }));
}

/**
 * Writes tables anew, so that the database's files no longer hold the rows that were changed or
 * deleted. Not in a transaction.
 */
export async function rewriteTables(
  db: Kysely<Database>,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) await sql`vacuum full ${sql.table(table)}`.execute(db);
  await sql`checkpoint`.execute(db).catch(() => {
    // On PostgreSQL a checkpoint needs a privilege; it comes by itself within minutes.
  });
}
