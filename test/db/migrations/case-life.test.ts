import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import type { Database } from "../../../src/db/schema.ts";

it("leaves the cases and the log of an older database as they are, in the first state of their template", async () => {
  await using db: Kysely<Database> = new Kysely({
    dialect: new PGliteDialect({ pglite: new PGlite() }),
  });
  await migrate(db, "0007-members");
  await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
    values ('c', 'JIT-0001', 'jit', 'v1.k', 'v1.p', '2026')`.execute(db);
  await sql`insert into journal (sequence, at, actor, case_id, act, details, previous_hash, hash)
    values (1, '2026', 'operator', 'c', 'case.create', 'v1.d', 'p', 'h')`.execute(db);
  await migrate(db);
  const cases = await db.selectFrom("case_file").selectAll().execute();
  expect(cases).toMatchObject([{ code: "JIT-0001", profile: "v1.p", state: null }]);
  const journal = await db.selectFrom("journal").selectAll().execute();
  expect(journal).toMatchObject([{ details: "v1.d", hash: "h", body_hash: null }]);
  expect(await db.selectFrom("case_change").selectAll().execute()).toEqual([]);
});
