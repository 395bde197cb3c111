import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { listFindings, saveFinding } from "../../../src/db/repositories/guard-findings.ts";
import type { Database } from "../../../src/db/schema.ts";
import { CaseId, RoomId } from "../../../src/domain/ids.ts";

it("keeps what was found in rooms of cases, and has a place for what is found in the operators' room", async () => {
  await using db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: new PGlite() }) });
  await migrate(db, "0016-voices");
  const caseId = CaseId.parse("018f4b1e-0000-7000-8000-000000000001");
  await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
    values (${caseId}, 'JIT-0001', 'jit', 'v1.k', 'v1.p', '2026')`.execute(db);
  await sql`insert into guard_finding (case_id, room_id, kind, subject, evidence, since)
    values (${caseId}, '!case', 'topic', '', '$1', '2026-12-01T08:00:00Z')`.execute(db);
  await migrate(db);
  const roomId = RoomId.parse("!operators");
  const since = Temporal.Instant.from("2026-12-01T08:00:00Z");
  await db.transaction().execute((transaction) =>
    saveFinding(transaction, undefined, {
      ...{ roomId, kind: "topic", subject: "", evidence: "$2", since, endedAt: undefined },
      ...{ toldAt: undefined, repairedEvidence: undefined, repairedAt: undefined },
      repairedBefore: undefined,
    }),
  );
  expect(await listFindings(db, caseId)).toMatchObject([{ roomId: "!case", evidence: "$1" }]);
  expect(await listFindings(db, undefined)).toMatchObject([{ roomId, evidence: "$2" }]);
});
