import { type Kysely, sql, type Transaction } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import type { Database } from "../../src/db/schema.ts";
import { isContended, isDatabaseFailure, transact } from "../../src/db/transact.ts";
import { testLocation } from "../support/database.ts";
import { createTestDatabase, postgresUrl } from "../support/postgresql.ts";

let db: Kysely<Database>;
beforeAll(async () => {
  db = await openDatabase(await testLocation());
});
afterAll(() => db.destroy());

/** Fails in the database itself. */
function raise(transaction: Transaction<Database>, state: string): Promise<unknown> {
  return sql
    .raw(`do $$ begin raise exception using errcode = '${state}', message = 'x'; end $$`)
    .execute(transaction);
}

/** Writes a row and then fails so many times. */
async function attempt(state: string, failures: number): Promise<number> {
  let attempts = 0;
  await db.deleteFrom("room").execute();
  await transact(db, async (transaction) => {
    attempts += 1;
    await sql`insert into room (room_id) values (${`!${attempts}`})`.execute(transaction);
    if (attempts <= failures) await raise(transaction, state);
  }).catch((error: unknown) => {
    throw Object.assign(new Error(`after ${attempts}`), { cause: error });
  });
  return attempts;
}

describe("a transaction that others were in the way of", () => {
  it.each(["40P01", "40001", "55P03", "57014"])(
    "is done again as a whole after %s, and nothing of the first attempts is kept",
    async (state) => {
      expect(await attempt(state, 2)).toBe(3);
      const rooms = await db.selectFrom("room").select("room_id").execute();
      expect(rooms).toEqual([{ room_id: "!3" }]);
    },
  );

  it("fails after some attempts as what it is", async () => {
    const failure = await attempt("40P01", 99).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: "after 5" });
    expect(failure instanceof Error && isContended(failure.cause)).toBe(true);
    expect(failure instanceof Error && isDatabaseFailure(failure.cause)).toBe(true);
  });

  it("is not repeated for any other failure, and what was to be written is not the database's failure", async () => {
    const failure = await attempt("23505", 99).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: "after 1" });
    expect(failure instanceof Error && isDatabaseFailure(failure.cause)).toBe(false);
    expect(isDatabaseFailure(new TypeError("x"))).toBe(false);
    expect(isDatabaseFailure(Object.assign(new Error("disk full"), { code: "53100" }))).toBe(true);
  });
});

describe.skipIf(postgresUrl === undefined)("two transactions that wait for each other", () => {
  it("are both done, whichever of them PostgreSQL has ended", async () => {
    if (postgresUrl === undefined) return;
    const database = await createTestDatabase(postgresUrl);
    const both = await openDatabase(database.location);
    await sql`insert into room (room_id, history_visibility) values ('!a', ''), ('!b', '')`.execute(
      both,
    );
    const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let attempts = 0;
    const change = (order: readonly [string, string], index: number) =>
      transact(both, async (transaction) => {
        attempts += 1;
        for (const roomId of order) {
          await sql`update room set history_visibility = history_visibility || 'x'
            where room_id = ${roomId}`.execute(transaction);
          met[index]?.resolve();
          await met[1 - index]?.promise;
        }
      });
    await Promise.all([change(["!a", "!b"], 0), change(["!b", "!a"], 1)]);
    expect(attempts).toBe(3);
    const rows = await both.selectFrom("room").select("history_visibility").execute();
    expect(rows.map((row) => row.history_visibility)).toEqual(["xx", "xx"]);
    await both.destroy();
    await database.drop();
  });
});
