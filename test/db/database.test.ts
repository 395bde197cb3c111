import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isConnectionLost } from "../../src/db/connection-lost.ts";
import { openDatabase } from "../../src/db/database.ts";
import { createTestDatabase, postgresUrl, type TestPostgres } from "../support/postgresql.ts";

describe.skipIf(postgresUrl === undefined)("a connection to PostgreSQL that is cut", () => {
  let postgres: TestPostgres;
  beforeEach(async () => {
    postgres = await createTestDatabase(postgresUrl ?? "");
  });
  afterEach(() => postgres.drop());

  it("fails the transaction that used it as a lost connection, and nothing else", async () => {
    await using db = await openDatabase(postgres.location);
    const begun = Promise.withResolvers<number>();
    const used = db.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(
        transaction,
      );
      begun.resolve(rows[0]?.pid ?? 0);
      await sql`select pg_sleep(60)`.execute(transaction);
    });
    used.catch(() => {});
    await postgres.query("select pg_terminate_backend($1)", [await begun.promise]);
    const error: unknown = await used.catch((cause: unknown) => cause);
    expect(isConnectionLost(error)).toBe(true);
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(db);
    expect(rows).toEqual([{ one: 1 }]);
  });
});
