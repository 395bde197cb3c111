import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import type { Database } from "../../../src/db/schema.ts";

it("leaves people and members of an older database as they are: nobody knows who made them what they are", async () => {
  await using db: Kysely<Database> = new Kysely({
    dialect: new PGliteDialect({ pglite: new PGlite() }),
  });
  await migrate(db, "0010-guard");
  await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
    values ('c', 'JIT-0001', 'jit', 'v1.k', 'v1.p', '2026')`.execute(db);
  await sql`insert into person (id, case_id, user_id, profile)
    values ('p', 'c', '@a:x', 'v1.p')`.execute(db);
  await sql`insert into room_member (room_id, user_id, membership)
    values ('!r', '@a:x', 'leave')`.execute(db);
  await migrate(db);
  expect(await db.selectFrom("person").selectAll().execute()).toMatchObject([
    { user_id: "@a:x", profile: "v1.p", removed_at: null, made_leader_by: null },
  ]);
  expect(await db.selectFrom("room_member").selectAll().execute()).toEqual([
    { room_id: "!r", user_id: "@a:x", membership: "leave", sender: null },
  ]);
});
