import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { listCaseRooms } from "../../../src/db/repositories/cases.ts";
import type { Database } from "../../../src/db/schema.ts";
import { CaseId, newId } from "../../../src/domain/ids.ts";

it("rooms and steps from before rooms could be open to the space stay as they were", async () => {
  await using db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: new PGlite() }) });
  await migrate(db, "0007-members");
  const caseId = newId(CaseId);
  const roomId = newId(CaseId);
  await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
    values (${caseId}, 'JIT-0001', 'jit', 'v1.x', 'v1.x', '2026-12-01T08:00:00Z')`.execute(db);
  await sql`insert into case_room (id, case_id, kind, position, plan_key, room_id)
    values (${roomId}, ${caseId}, 'coordination', 1, 'k', '!room')`.execute(db);
  await sql`insert into outbox (account, lane, kind, case_id, payload, transaction_id, state, created_at)
    values ('@r:x', 'case:1', 'invite', ${caseId}, 'v1.x', 't', 'pending', '2026-12-01T08:00:00Z')`.execute(
    db,
  );
  await migrate(db);
  expect(await listCaseRooms(db, caseId)).toMatchObject([
    { kind: "coordination", roomId: "!room", restricted: false },
  ]);
  const steps = await db.selectFrom("outbox").select(["state", "after_lane"]).execute();
  expect(steps).toEqual([{ state: "pending", after_lane: null }]);
});
