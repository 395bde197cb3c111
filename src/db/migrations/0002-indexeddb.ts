import { type Kysely, sql } from "kysely";

/**
 * The tables of IndexedDB on SQL. Keys are ASCII in an order-preserving encoding (keys.ts), hence
 * `COLLATE "C"`. An index is a nullable column that holds index key and primary key in one, so that a
 * store and an index are read by the same query and a record and its index entries cannot disagree.
 * Records carry no foreign key: its check would cost a third of every write, and the only writer
 * removes the records of a store in the transaction that removes the store.
 */
export async function indexedDbMigration<Tables>(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable("crypto_database")
    .addColumn("id", "integer", (column) => column.generatedAlwaysAsIdentity().primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("version", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("crypto_store")
    .addColumn("database_id", "integer", (column) =>
      column.notNull().references("crypto_database.id").onDelete("cascade"),
    )
    .addColumn("store_id", "integer", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("indexes", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("crypto_store_pkey", ["database_id", "store_id"])
    .addUniqueConstraint("crypto_store_name_key", ["database_id", "name"])
    .execute();
  // As many as src/matrix/indexeddb/schema.ts counts on.
  const slots = Array.from({ length: 6 }, (_, position) => sql.ref(`index_${position + 1}`));
  await sql`CREATE TABLE crypto_record (
    database_id integer NOT NULL,
    store_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text NOT NULL,
    ${sql.join(slots.map((slot) => sql`${slot} text COLLATE "C"`))},
    PRIMARY KEY (database_id, store_id, key)
  )`.execute(db);
  for (const [position, slot] of slots.entries()) {
    const name = sql.ref(`crypto_record_index_${position + 1}`);
    await sql`CREATE INDEX ${name} ON crypto_record (database_id, store_id, ${slot})
      WHERE ${slot} IS NOT NULL`.execute(db);
  }
}
