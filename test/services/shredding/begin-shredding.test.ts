import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { rewriteTables } from "../../../src/db/catalog.ts";
import { findCase, findCaseByName, listCases } from "../../../src/db/repositories/cases.ts";
import { CaseRoomId, newId, RoomId } from "../../../src/domain/ids.ts";
import { beginShredding, planShredding } from "../../../src/services/shredding/begin-shredding.ts";
import {
  bot,
  dump,
  type FilledDatabase,
  fillDatabase,
  now,
} from "../../support/filled-database.ts";

function shred({ db, vault }: FilledDatabase, name = "JIT-0001") {
  return db
    .transaction()
    .execute((transaction) =>
      beginShredding({ db: transaction, vault, now }, { name, reason: "retention period over" }),
    );
}

describe("destroying a case in the database", () => {
  it("leaves nothing of it but its code, the log and what is still to be destroyed", async () => {
    await using filled = await fillDatabase();
    const { db, vault, cases } = filled;
    const plan = await db
      .transaction()
      .execute((transaction) =>
        planShredding({ db: transaction, vault, now }, { name: "JIT-0001", reason: "over" }),
      );
    expect(plan).toMatchObject({ code: "JIT-0001", name: "Operation JIT-0001", people: 1 });
    const record = await shred(filled);
    expect(record.rows).toEqual({ person: 1, outbox: 1 });
    const row = await db
      .selectFrom("case_file")
      .selectAll()
      .where("code", "=", "JIT-0001")
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ wrapped_key: "", profile: "", shredded_at: now.toString() });
    const [mine, other] = cases;
    if (mine === undefined || other === undefined) throw new Error("no cases");
    expect(await findCase(db, vault, mine.id)).toBeUndefined();
    expect((await listCases(db, vault)).map((open) => open.case.code)).toEqual(["JIT-0002"]);
    const steps = await db.selectFrom("outbox").select("case_id").execute();
    expect(steps.map(({ case_id }) => case_id)).toEqual([other.id, null]);
  });

  it("gives the same record when it is done again, and never another case of that code", async () => {
    await using filled = await fillDatabase();
    const first = await shred(filled);
    expect(await shred(filled, "jit-0001")).toEqual(first);
    await expect(shred(filled, "JIT-FFFF")).rejects.toMatchObject({ code: "case.unknown" });
  });

  it("finds rows of tables that it has never heard of, and rows that point at them", async () => {
    await using filled = await fillDatabase();
    const { db, cases } = filled;
    await sql`create table later_note (
      id text primary key, case_id text references case_file (id), text text
    )`.execute(db);
    await sql`create table later_answer (
      id text primary key, note text not null references later_note (id)
    )`.execute(db);
    for (const { id, code } of cases) {
      await sql`insert into later_note values (${code}, ${id}, 'text')`.execute(db);
      await sql`insert into later_answer values (${code}, ${code})`.execute(db);
    }
    const { rows } = await shred(filled);
    expect(rows).toMatchObject({ later_note: 1, later_answer: 1 });
    const left = await sql`select id from later_answer`.execute(db);
    expect(left.rows).toEqual([{ id: "JIT-0002" }]);
  });

  it("forgets what was still to be fetched of its rooms, and what their people withheld", async () => {
    await using filled = await fillDatabase();
    const { db, cases } = filled;
    for (const { id, code } of cases) {
      await db
        .insertInto("case_room")
        .values({
          ...{ id: newId(CaseRoomId), case_id: id, kind: "plenary", section: null, position: 0 },
          ...{ plan_key: code, room_id: RoomId.parse(`!${code}`), label: null, pair: null },
          restricted: false,
        })
        .execute();
      await db
        .insertInto("timeline_gap")
        .values({
          ...{ account: bot, room_id: RoomId.parse(`!${code}`), from_token: "a", to_token: "b" },
          ...{ opened_at: now.toString(), retry_at: null, failure: "M_UNKNOWN", given_up_at: null },
        })
        .execute();
      await db
        .insertInto("withheld_key")
        .values({
          ...{ account: bot, sender: "@elena:rogatory.localhost", room_id: `!${code}` },
          ...{ session_id: "s", code: "m.unverified", received_at: now.toString() },
        })
        .execute();
    }
    expect((await shred(filled)).rows).toMatchObject({ timeline_gap: 1, withheld_key: 1 });
    const left = await db.selectFrom("timeline_gap").select("room_id").execute();
    expect(left).toEqual([{ room_id: "!JIT-0002" }]);
  });

  it("leaves the wrapped key nowhere in the tables' files", async () => {
    const directory = await mkdtemp(join(tmpdir(), "rogatory-shredding-"));
    try {
      const filled = await fillDatabase({ kind: "pglite", directory });
      const before = await findCaseByName(filled.db, filled.vault, "JIT-0001");
      const { wrapped_key } = await filled.db
        .selectFrom("case_file")
        .select("wrapped_key")
        .where("code", "=", "JIT-0001")
        .executeTakeFirstOrThrow();
      expect(before?.case.code).toBe("JIT-0001");
      expect(await dump(filled.db)).toContain(wrapped_key);
      const { rows } = await shred(filled);
      await rewriteTables(filled.db, ["case_file", ...Object.keys(rows)]);
      await filled.db.destroy();
      const found = await filesWith(join(directory, "base"), wrapped_key);
      expect(found).toEqual([]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}
