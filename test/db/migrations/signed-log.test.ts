import { createHash, randomBytes } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import { appendToJournal } from "../../../src/db/repositories/journal.ts";
import type { Database } from "../../../src/db/schema.ts";
import { verifyLog } from "../../../src/services/log/verify-log.ts";
import { Vault } from "../../../src/vault/vault.ts";

const vault = new Vault(randomBytes(32));
const now = Temporal.Instant.from("2026-12-01T08:00:00Z");

function open(): Kysely<Database> {
  return new Kysely({ dialect: new PGliteDialect({ pglite: new PGlite() }) });
}

/** Entries as they were written before heads were signed. */
async function fillBefore(db: Kysely<Database>, count: number): Promise<void> {
  await migrate(db, "0002-indexeddb");
  let previous = "0".repeat(64);
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const fields = [sequence, now.toString(), "operator", null, "case.create", "v1.x", previous];
    const hash = createHash("sha256").update(JSON.stringify(fields)).digest("hex");
    await sql`insert into journal values (${sql.join([...fields, hash])})`.execute(db);
    previous = hash;
  }
}

function check(db: Kysely<Database>) {
  return db.transaction().execute((transaction) => verifyLog(transaction, vault));
}

function append(db: Kysely<Database>) {
  const entry = { at: now, actor: "operator", caseId: undefined, act: "test.note", details: {} };
  return db.transaction().execute((transaction) => appendToJournal(transaction, { vault }, entry));
}

describe("a log from before its head was signed", () => {
  it("stays intact, and says from where on its end is signed", async () => {
    await using db = open();
    await fillBefore(db, 1_100);
    await migrate(db);
    expect(await check(db)).toMatchObject({ entries: 1_100, signedSince: 1_101, findings: [] });
    await append(db);
    await append(db);
    expect(await check(db)).toMatchObject({ entries: 1_103, signedSince: 1_101, findings: [] });
  });

  it("still shows the entries that were changed or removed before", async () => {
    await using db = open();
    await fillBefore(db, 9);
    await sql`update journal set actor = '@somebody:else' where sequence = 3`.execute(db);
    await sql`delete from journal where sequence = 6`.execute(db);
    await migrate(db);
    const { findings } = await check(db);
    expect([...new Set(findings.map(({ sequence }) => sequence))]).toEqual([3, 7]);
  });

  it("may be empty", async () => {
    await using db = open();
    await fillBefore(db, 0);
    await migrate(db);
    await append(db);
    expect(await check(db)).toMatchObject({ entries: 1, signedSince: 1, findings: [] });
  });
});

describe("a database from before cases could be shredded", () => {
  it("keeps its cases", async () => {
    await using db = open();
    await migrate(db, "0004-timers-and-echoes");
    await sql`insert into case_file (id, code, template, wrapped_key, profile, created_at)
      values ('c', 'JIT-0001', 'jit', 'v1.k', 'v1.p', '2026')`.execute(db);
    await sql`insert into account values ('@bot:x', 'D', null, 'v1.s', null, '2026')`.execute(db);
    await migrate(db);
    const [row] = await db.selectFrom("case_file").selectAll().execute();
    expect(row).toMatchObject({ code: "JIT-0001", wrapped_key: "v1.k", shredded_at: null });
    expect(await db.selectFrom("device_renewal").selectAll().execute()).toEqual([]);
  });
});
