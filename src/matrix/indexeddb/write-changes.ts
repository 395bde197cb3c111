import type { EncodedKey } from "./keys.ts";
import type { IndexPositions } from "./overlay.ts";
import { type DatabaseSchema, INDEX_SLOTS, type StoreSchema } from "./schema.ts";
import type { SqlSession } from "./sql-session.ts";
import type { StoredValue } from "./values.ts";

/** Everything that one IndexedDB transaction changes; no record appears twice. */
export interface ChangeSet {
  readonly database: DatabaseSchema;
  /** Present after an upgrade. */
  readonly schema: SchemaChange | undefined;
  readonly clearedStores: readonly number[];
  readonly deletes: readonly { readonly storeId: number; readonly key: EncodedKey }[];
  readonly puts: readonly RecordPut[];
}

export interface SchemaChange {
  readonly droppedStores: readonly number[];
  /** The columns of dropped indexes, to be emptied before another index uses them. */
  readonly droppedIndexes: readonly { readonly storeId: number; readonly slot: number }[];
}

export interface RecordPut {
  readonly storeId: number;
  readonly key: EncodedKey;
  readonly value: StoredValue;
  /** Null: the store has no index, and so the columns are empty and stay so. */
  readonly positions: IndexPositions | null;
}

interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

const ROWS_IN_A_STATEMENT = 100;
const slots = Array.from({ length: INDEX_SLOTS }, (_, position) => position + 1);
const indexColumns = slots.map((slot) => `index_${slot}`);
const texts = new Map<string, string>();

/** Resolves after the COMMIT, with the id of the database. A single statement is its own SQL transaction. */
export async function writeChanges(session: SqlSession, changes: ChangeSet): Promise<number> {
  const { database, schema } = changes;
  if (schema === undefined && database.id !== undefined) {
    const statements = recordStatements(database.id, changes);
    const [only, ...others] = statements;
    if (only !== undefined && others.length === 0) await session.run(only.text, only.parameters);
    else if (only !== undefined) await session.atomically((inner) => runAll(inner, statements));
    return database.id;
  }
  return session.atomically(async (inner) => {
    const id = await saveDatabase(inner, database);
    if (schema !== undefined) await runAll(inner, schemaStatements(id, database, schema));
    await runAll(inner, recordStatements(id, changes));
    return id;
  });
}

async function runAll(session: SqlSession, statements: readonly Statement[]): Promise<void> {
  for (const statement of statements) await session.run(statement.text, statement.parameters);
}

async function saveDatabase(session: SqlSession, database: DatabaseSchema): Promise<number> {
  const [row] = await session.run<{ id: number }>(
    `INSERT INTO crypto_database (name, version) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET version = excluded.version RETURNING id`,
    [database.name, database.version],
  );
  if (row === undefined)
    throw new Error("The database did not return the id of a crypto database.");
  return row.id;
}

function schemaStatements(id: number, database: DatabaseSchema, schema: SchemaChange): Statement[] {
  const statements: Statement[] = [];
  for (const storeId of schema.droppedStores) {
    statements.push(deleteStoreRecords(id, storeId), {
      text: "DELETE FROM crypto_store WHERE database_id = $1 AND store_id = $2",
      parameters: [id, storeId],
    });
  }
  for (const { storeId, slot } of schema.droppedIndexes) {
    statements.push({
      text: `UPDATE crypto_record SET index_${slot} = NULL
        WHERE database_id = $1 AND store_id = $2 AND index_${slot} IS NOT NULL`,
      parameters: [id, storeId],
    });
  }
  for (const store of database.stores.values()) {
    statements.push({
      text: `INSERT INTO crypto_store (database_id, store_id, name, indexes) VALUES ($1, $2, $3, $4)
        ON CONFLICT (database_id, store_id) DO UPDATE SET indexes = excluded.indexes`,
      parameters: [id, store.id, store.name, describeIndexes(store)],
    });
  }
  return statements;
}

function describeIndexes(store: StoreSchema): string {
  const indexes = [...store.indexes.values()];
  return JSON.stringify(
    indexes.map(({ name, keyPath, unique, slot }) => ({ name, keyPath, unique, slot })),
  );
}

function recordStatements(id: number, changes: ChangeSet): Statement[] {
  const statements = changes.clearedStores.map((storeId) => deleteStoreRecords(id, storeId));
  for (const rows of chunks(changes.deletes)) {
    statements.push({
      text: deleteText(rows.length),
      parameters: [id, ...rows.flatMap((row) => [row.storeId, row.key])],
    });
  }
  const plain = changes.puts.filter((put) => put.positions === null);
  const indexed = changes.puts.filter((put) => put.positions !== null);
  for (const rows of chunks(plain)) {
    const parameters = rows.flatMap((row) => [row.storeId, row.key, row.value]);
    statements.push({ text: upsertText(rows.length, false), parameters: [id, ...parameters] });
  }
  for (const rows of chunks(indexed)) {
    const parameters = rows.flatMap((row) => [
      row.storeId,
      row.key,
      row.value,
      ...slots.map((slot) => row.positions?.[slot] ?? null),
    ]);
    statements.push({ text: upsertText(rows.length, true), parameters: [id, ...parameters] });
  }
  return statements;
}

function deleteStoreRecords(id: number, storeId: number): Statement {
  return {
    text: "DELETE FROM crypto_record WHERE database_id = $1 AND store_id = $2",
    parameters: [id, storeId],
  };
}

function deleteText(rows: number): string {
  return remembered(`delete ${rows}`, () => {
    const list = Array.from(
      { length: rows },
      (_, row) => `($${row * 2 + 2}::integer, $${row * 2 + 3})`,
    );
    return `DELETE FROM crypto_record WHERE database_id = $1 AND (store_id, key) IN (${list.join(", ")})`;
  });
}

function upsertText(rows: number, indexed: boolean): string {
  return remembered(`upsert ${rows} ${indexed}`, () => {
    const columns = indexed ? ["value", ...indexColumns] : ["value"];
    const width = columns.length + 2;
    const list = Array.from({ length: rows }, (_, row) => {
      const parameters = Array.from(
        { length: width },
        (_, column) => `$${row * width + column + 2}`,
      );
      return `($1, ${parameters.join(", ")})`;
    });
    return `INSERT INTO crypto_record (database_id, store_id, key, ${columns.join(", ")})
      VALUES ${list.join(", ")}
      ON CONFLICT (database_id, store_id, key)
      DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`;
  });
}

function remembered(name: string, make: () => string): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = make();
  texts.set(name, text);
  return text;
}

function chunks<Row>(rows: readonly Row[]): (readonly Row[])[] {
  const parts: (readonly Row[])[] = [];
  for (let start = 0; start < rows.length; start += ROWS_IN_A_STATEMENT) {
    parts.push(rows.slice(start, start + ROWS_IN_A_STATEMENT));
  }
  return parts;
}
