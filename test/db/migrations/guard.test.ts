import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import type { Database } from "../../../src/db/schema.ts";

describe("a database from before rooms were guarded", () => {
  it("keeps its cases, rooms and steps, and nothing is known of the rooms' state yet", async () => {
    await using db = new Kysely<Database>({
      dialect: new PGliteDialect({ pglite: new PGlite() }),
    });
    await migrate(db, "0007-members");
    await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
      values ('c', 'JIT-0001', 'jit', 'v1.k', 'v1.p', '2026')`.execute(db);
    await sql`insert into case_room (id, case_id, kind, position, plan_key, room_id)
      values ('r', 'c', 'coordination', 0, 'k', '!r')`.execute(db);
    for (const state of ["dead", "done"]) {
      await sql`insert into outbox (account, lane, kind, case_id, payload, transaction_id, state, created_at)
        values ('@bot:x', 'l', 'join', 'c', 'v1.s', ${state}, ${state}, '2026')`.execute(db);
    }
    await migrate(db);
    const steps = await db.selectFrom("outbox").select(["state", "told_at"]).execute();
    expect(steps).toEqual([
      { state: "dead", told_at: null },
      { state: "done", told_at: null },
    ]);
    expect(await db.selectFrom("case_room").select("room_id").execute()).toEqual([
      { room_id: "!r" },
    ]);
    for (const table of ["room_state", "guard_finding", "former_room", "management"] as const) {
      expect(await db.selectFrom(table).selectAll().execute()).toEqual([]);
    }
  });
});
