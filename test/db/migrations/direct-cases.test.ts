import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import type { Database } from "../../../src/db/schema.ts";

it("finds of which cases was spoken in the direct conversations from before", async () => {
  await using db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: new PGlite() }) });
  await migrate(db, "0010-guard");
  for (const id of ["one", "two", "three"]) {
    await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
      values (${id}, ${id}, 'jit', 'v1.x', 'v1.x', '2026-12-01T08:00:00Z')`.execute(db);
  }
  await sql`insert into case_room (id, case_id, kind, position, plan_key, room_id)
    values ('r', 'one', 'coordination', 1, 'k', '!room')`.execute(db);
  await sql`insert into management (id, plan_key, room_id, operators)
    values (1, 'k', '!operators', '[]')`.execute(db);
  await sql`insert into person (id, case_id, user_id, profile)
    values ('p', 'one', '@leader:x', 'v1.x'), ('q', 'two', '@leader:x', 'v1.x')`.execute(db);
  await sql`insert into room_member (room_id, user_id, membership) values
    ('!room', '@leader:x', 'join'), ('!direct', '@leader:x', 'join'),
    ('!operators', '@leader:x', 'join')`.execute(db);
  const steps: readonly (readonly [lane: string, kind: string, caseId: string | null])[] = [
    ["!room", "send", "one"],
    ["!room", "join", null],
    ["!direct", "join", null],
    ["!direct", "send", null],
    ["!direct", "send", "one"],
    ["!operators", "send", null],
    ["case:three", "create-room", "three"],
  ];
  for (const [index, [lane, kind, caseId]] of steps.entries()) {
    await sql`insert into outbox (account, lane, kind, case_id, payload, transaction_id, state, created_at)
      values ('@clerk:x', ${lane}, ${kind}, ${caseId}, 'v1.x', ${String(index)}, 'done', '2026-12-01T08:00:00Z')`.execute(
      db,
    );
  }
  await sql`insert into creation_progress (case_id, account, room_id, first_transaction_id, edits, shown)
    values ('three', '@registrar:x', '!making', 't', 0, '')`.execute(db);
  await migrate(db);
  const rows = await db
    .selectFrom("direct_case")
    .select(["room_id", "case_id", "account", "discussed"])
    .orderBy("case_id")
    .execute();
  expect(rows).toEqual([
    { room_id: "!direct", case_id: "one", account: "@clerk:x", discussed: true },
    { room_id: "!making", case_id: "three", account: "@registrar:x", discussed: true },
    { room_id: "!direct", case_id: "two", account: "@clerk:x", discussed: false },
  ]);
});
