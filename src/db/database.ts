import { mkdirSync } from "node:fs";
import { Kysely, PGliteDialect, PostgresDialect } from "kysely";
import pg from "pg";
import { migrate } from "./migrate.ts";
import type { Database } from "./schema.ts";

/** Where the rows are: a directory of the embedded PGlite, memory (tests), or a PostgreSQL server. */
export type DatabaseLocation =
  | { readonly kind: "pglite"; readonly directory: string }
  | { readonly kind: "memory" }
  | { readonly kind: "postgresql"; readonly url: string; readonly schema?: string };

/** Runs on each new connection to PostgreSQL before it is used; if it throws, the connection is not. */
export type OnConnection = (client: pg.ClientBase) => Promise<void>;

/** Opens the database and brings its schema up to date. The caller owns it: `destroy()` closes it. */
export async function openDatabase(
  location: DatabaseLocation,
  onConnection?: OnConnection,
): Promise<Kysely<Database>> {
  const db = await connect(location, onConnection);
  try {
    await migrate(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Both drivers must give 64-bit integers alike; ours stay far below 2^53. */
const int8 = 20;

async function connect(
  location: DatabaseLocation,
  onConnection?: OnConnection,
): Promise<Kysely<Database>> {
  switch (location.kind) {
    case "memory":
      return openPGlite();
    case "pglite":
      mkdirSync(location.directory, { recursive: true, mode: 0o700 });
      return openPGlite(location.directory);
    case "postgresql":
      return new Kysely({
        dialect: new PostgresDialect({
          pool: openPool(location, onConnection),
        }),
      });
  }
}

/** Loaded only where it is used: with PostgreSQL every start would wait for it. */
async function openPGlite(directory?: string): Promise<Kysely<Database>> {
  const { PGlite } = await import("@electric-sql/pglite");
  const pglite = new PGlite(directory, { parsers: { [int8]: Number } });
  return new Kysely({ dialect: new PGliteDialect({ pglite }) });
}

function openPool(
  { url, schema }: Extract<DatabaseLocation, { kind: "postgresql" }>,
  onConnection: OnConnection | undefined,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    keepAlive: true,
    connectionTimeoutMillis: 30_000,
    ...(onConnection === undefined ? {} : { onConnect: onConnection }),
    types: { getTypeParser: postgresParser },
    ...(schema === undefined ? {} : { options: `-c search_path=${schema}` }),
  });
  // An idle connection that is cut concerns nobody: the pool opens another for the next statement.
  pool.on("error", () => {});
  // One that is cut while it is used fails its statement: whoever gave that says what it means. Without
  // a listener the same news would end the process before anybody could.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

function postgresParser(...[oid, format]: Parameters<typeof pg.types.getTypeParser>) {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format);
}
