import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kysely, type KyselyPlugin, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openDatabase } from "../../../src/db/database.ts";
import { ensureAccount, readRecoveryKey } from "../../../src/db/repositories/accounts.ts";
import { listCases, listPeople } from "../../../src/db/repositories/cases.ts";
import { readDirectState } from "../../../src/db/repositories/direct-rooms.ts";
import { appendToJournal, checkMasterKey } from "../../../src/db/repositories/journal.ts";
import { placeOfPayload } from "../../../src/db/repositories/outbox.ts";
import type { Database } from "../../../src/db/schema.ts";
import { RoomId } from "../../../src/domain/ids.ts";
import { rotateKeys } from "../../../src/services/keys/rotate-keys.ts";
import { exportLog } from "../../../src/services/log/export-log.ts";
import { verifyLog } from "../../../src/services/log/verify-log.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { bot, fillDatabase, now } from "../../support/filled-database.ts";
import { killDuringRotation } from "./support/kill.ts";

const reason = "yearly";

/** Everything that is sealed, opened; throws if one thing does not open. */
async function openEverything(db: Kysely<Database>, vault: Vault): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await checkMasterKey(transaction, vault);
    const cases = await listCases(transaction, vault);
    if (cases.length !== 2) throw new Error("not two cases");
    for (const open of cases) await listPeople(transaction, open.seal, open.case.id);
    const steps = await transaction.selectFrom("outbox").selectAll().execute();
    for (const step of steps) {
      const box = cases.find((open) => open.case.id === step.case_id)?.seal ?? vault.system;
      box.open(placeOfPayload(step.account, step.transaction_id), step.payload, z.unknown());
    }
    const direct = { account: bot, roomId: RoomId.parse("!direct") };
    if ((await readDirectState(transaction, vault.system, direct)) === undefined) {
      throw new Error("nothing is remembered");
    }
    const { findings } = await verifyLog(transaction, vault);
    if (findings.length > 0) throw new Error(findings[0]?.problem);
    const { text } = await exportLog(
      { db: transaction, vault, now },
      { code: "JIT-0001", reason: "test" },
    );
    if (text.includes('"details":null')) throw new Error("details do not open");
  });
  await ensureAccount(db, vault, now, bot);
  if ((await readRecoveryKey(db, vault, bot)) !== "EsTb recovery") throw new Error("other key");
}

function opens(db: Kysely<Database>, vault: Vault): Promise<boolean> {
  return openEverything(db, vault).then(
    () => true,
    () => false,
  );
}

describe("changing the master key", () => {
  it("lets the new key open everything and the former one nothing", async () => {
    await using filled = await fillDatabase();
    const { db, vault: from } = filled;
    const to = new Vault(randomBytes(32));
    const before = await sql<{ all: string }>`select
      (select string_agg(wrapped_key, ' ') from case_file) as all`.execute(db);
    const { values, publicKey } = await rotateKeys(db, { from, to, now, reason });
    expect(values).toMatchObject({
      "account.store_key": 1,
      "account.recovery_key": 1,
      "case_file.wrapped_key": 2,
      "journal_head.details_key": 1,
      "outbox.payload": 1,
      "outbox.progress": 0,
    });
    expect(publicKey).toBe(to.signer.publicKey);
    expect(await opens(db, to)).toBe(true);
    expect(await opens(db, new Vault(filled.masterKey))).toBe(false);
    const after = await sql<{ all: string }>`select
      (select string_agg(wrapped_key, ' ') from case_file) as all`.execute(db);
    expect(after.rows).not.toEqual(before.rows);
  });

  it("is refused with a key that is not the database's", async () => {
    await using filled = await fillDatabase();
    const stranger = new Vault(randomBytes(32));
    const to = new Vault(randomBytes(32));
    await expect(rotateKeys(filled.db, { from: stranger, to, now, reason })).rejects.toMatchObject({
      code: "vault.wrong-key",
    });
    expect(await opens(filled.db, filled.vault)).toBe(true);
  });

  it("changes nothing where something is sealed that it does not know", async () => {
    await using filled = await fillDatabase();
    const { db, vault: from } = filled;
    await sql`create table later_version (id text primary key, secret text)`.execute(db);
    const secret = from.system.seal({ table: "later_version", column: "secret", row: "1" }, "s");
    await sql`insert into later_version values ('1', ${secret})`.execute(db);
    const to = new Vault(randomBytes(32));
    const attempt = rotateKeys(db, { from, to, now, reason });
    await expect(attempt).rejects.toMatchObject({ code: "keys.unknown-column" });
    expect(await opens(db, from)).toBe(true);
  });

  it("keeps the wrong key from writing anything afterwards", async () => {
    await using filled = await fillDatabase();
    const to = new Vault(randomBytes(32));
    await rotateKeys(filled.db, { from: filled.vault, to, now, reason });
    const entry = { at: now, actor: "operator", caseId: undefined, act: "test.note", details: {} };
    await expect(
      filled.db
        .transaction()
        .execute((transaction) => appendToJournal(transaction, { vault: filled.vault }, entry)),
    ).rejects.toMatchObject({ code: "vault.wrong-key" });
  });

  it("leaves exactly one key that opens everything, wherever the process is killed", async () => {
    const { commit } = await countStatements();
    // The commit lies between the last statement before `commit` and that one.
    for (const [statement, survivor] of [
      [commit - 12, "old"],
      [commit - 5, "old"],
      [commit - 1, "old"],
      [commit, "new"],
      [commit + 1, "new"],
    ] as const) {
      const directory = await mkdtemp(join(tmpdir(), "rogatory-rotation-"));
      try {
        const filled = await fillDatabase({ kind: "pglite", directory });
        await filled.db.destroy();
        const newKey = randomBytes(32);
        await killDuringRotation({ directory, oldKey: filled.masterKey, newKey, statement });
        const db = await openDatabase({ kind: "pglite", directory });
        const found = {
          old: await opens(db, new Vault(filled.masterKey)),
          new: await opens(db, new Vault(newKey)),
        };
        await db.destroy();
        expect(found, `killed before statement ${statement}`).toEqual({
          old: survivor === "old",
          new: survivor === "new",
        });
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }
  }, 300_000);
});

/** The number of the first statement after the commit, which writes the tables anew. */
async function countStatements(): Promise<{ readonly commit: number }> {
  await using filled = await fillDatabase();
  let count = 0;
  let commit = 0;
  const counter: KyselyPlugin = {
    transformQuery({ node }) {
      count += 1;
      const isVacuum = node.kind === "RawNode" && node.sqlFragments[0]?.startsWith("vacuum");
      if (isVacuum === true && commit === 0) commit = count;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const to = new Vault(randomBytes(32));
  await rotateKeys(filled.db.withPlugin(counter), { from: filled.vault, to, now, reason });
  return { commit };
}
