import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { deleteCaseRows, deleteRoomRows } from "../../../src/db/repositories/case-rows.ts";
import type { Database } from "../../../src/db/schema.ts";
import { CaseId, RoomId } from "../../../src/domain/ids.ts";

const caseId = CaseId.parse("00000000-0000-4000-8000-000000000001");

it("gives older cases no board yet, and deletes boards with their rooms and cases", async () => {
  await using db: Kysely<Database> = new Kysely({
    dialect: new PGliteDialect({ pglite: new PGlite() }),
  });
  await migrate(db, "0010-guard");
  await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
    values (${caseId}, 'JIT-0001', 'jit', 'v1.k', 'v1.p', '2026')`.execute(db);
  await sql`insert into case_room (id, case_id, kind, position, plan_key, room_id)
    values ('r', ${caseId}, 'coordination', 1, 'k', '!r')`.execute(db);
  await migrate(db);
  expect(await db.selectFrom("case_room").select("kind").execute()).toEqual([
    { kind: "coordination" },
  ]);
  expect(await db.selectFrom("board").selectAll().execute()).toEqual([]);
  for (const remove of [deleteRoomRows, deleteCaseRows]) {
    await db
      .transaction()
      .execute(async (transaction) => {
        await sql`insert into board (case_room_id, case_id, account, room_id, edits, shown)
          values ('r', ${caseId}, '@clerk:x', '!r', 0, 'v1.s')`.execute(transaction);
        const counts = await remove(transaction, caseId, [RoomId.parse("!r")]);
        expect(counts).toMatchObject({ board: 1, case_room: 1 });
        throw new Error("undone");
      })
      .catch((error: unknown) => expect(String(error)).toContain("undone"));
  }
});
