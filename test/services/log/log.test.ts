import fc from "fast-check";
import { sql, type Transaction } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  appendToJournal,
  isHeadSigned,
  type JournalRow,
  readJournalHead,
} from "../../../src/db/repositories/journal.ts";
import type { Database } from "../../../src/db/schema.ts";
import { exportLog } from "../../../src/services/log/export-log.ts";
import { verifyLog } from "../../../src/services/log/verify-log.ts";
import { hashOfBody, hashOfEntry } from "../../../src/vault/log-chain.ts";
import { checkLogFile } from "../../../src/vault/log-file.ts";
import { type FilledDatabase, fillDatabase, now } from "../../support/filled-database.ts";

const entries = 7;
let filled: FilledDatabase;

beforeAll(async () => {
  filled = await fillDatabase();
});
afterAll(async () => {
  await filled[Symbol.asyncDispose]();
});

class Undo extends Error {}

/** What verification finds after a change by somebody who can write into the database. */
async function findingsAfter(
  tamper: (db: Transaction<Database>) => Promise<unknown>,
): Promise<readonly string[]> {
  let problems: readonly string[] = [];
  await filled.db
    .transaction()
    .execute(async (transaction) => {
      await tamper(transaction);
      const { findings } = await verifyLog(transaction, filled.vault);
      problems = findings.map(({ problem }) => problem);
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  return problems;
}

const columns = ["at", "actor", "case_id", "act", "details", "previous_hash", "hash"] as const;
const anyEntry = fc.integer({ min: 1, max: entries });

describe("the log", () => {
  it("is found intact after ordinary use", async () => {
    expect(await findingsAfter(async () => {})).toEqual([]);
    const check = await filled.db.transaction().execute((db) => verifyLog(db, filled.vault));
    expect(check).toMatchObject({ entries, signedSince: 1 });
    expect(check.publicKey).toBe(filled.vault.signer.publicKey);
  });

  it("that was set back with its signed end is found by an end that was noted before", async () => {
    const { db, vault } = filled;
    const heads = await db.selectFrom("journal").select(["sequence", "hash"]).execute();
    const noted = heads.find(({ sequence }) => sequence === entries);
    if (noted === undefined) throw new Error("no last entry");
    const since = { count: noted.sequence, hash: noted.hash };
    const verify = (transaction: Transaction<Database>, head = since) =>
      verifyLog(transaction, vault, head).then(({ findings }) =>
        findings.map(({ problem }) => problem),
      );
    const write = (transaction: Transaction<Database>) =>
      appendToJournal(
        transaction,
        { vault },
        { at: now, actor: "operator", caseId: undefined, act: "test", details: {} },
      );
    const undone = db.transaction().execute(async (transaction) => {
      expect(await verify(transaction)).toEqual([]);
      const older = await transaction
        .selectFrom("journal_head")
        .selectAll()
        .executeTakeFirstOrThrow();
      await write(transaction);
      await write(transaction);
      const later = await readJournalHead(transaction);
      expect(await verify(transaction)).toEqual([]);
      // The thief brings back what he has copied earlier: the head, and no entry after it.
      await transaction.deleteFrom("journal").where("sequence", ">", older.count).execute();
      await transaction.updateTable("journal_head").set(older).execute();
      expect(await verify(transaction)).toEqual([]);
      expect(await verify(transaction, later)).toEqual([
        expect.stringContaining("an older database was put in its place"),
      ]);
      await write(transaction);
      await write(transaction);
      await write(transaction);
      expect(await verify(transaction)).toEqual([]);
      expect(await verify(transaction, later)).toEqual([
        expect.stringContaining("another one than before"),
      ]);
      throw new Undo();
    });
    await expect(undone).rejects.toBeInstanceOf(Undo);
  });

  it("shows any change of any column", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyEntry,
        fc.constantFrom(...columns),
        fc.string(),
        async (sequence, column, value) => {
          const findings = await findingsAfter((db) =>
            sql`update journal set ${sql.ref(column)} = ${value} where sequence = ${sequence}`.execute(
              db,
            ),
          );
          expect(findings).not.toEqual([]);
        },
      ),
    );
  });

  it("shows removed entries, the newest too", async () => {
    for (let from = 1; from <= entries; from += 1) {
      for (let to = from; to <= entries; to += 1) {
        const findings = await findingsAfter((db) =>
          db
            .deleteFrom("journal")
            .where("sequence", ">=", from)
            .where("sequence", "<=", to)
            .execute(),
        );
        expect(findings, `${from} to ${to}`).not.toEqual([]);
      }
    }
  });

  it("shows entries that changed places", async () => {
    await fc.assert(
      fc.asyncProperty(anyEntry, anyEntry, async (one, other) => {
        fc.pre(one !== other);
        const findings = await findingsAfter((db) =>
          sql`update journal set sequence = case sequence when ${one}::integer then -1 else -2 end
            where sequence in (${one}, ${other})`
            .execute(db)
            .then(() =>
              sql`update journal set sequence = case sequence when -1 then ${other}::integer else ${one}::integer end
                where sequence < 0`.execute(db),
            ),
        );
        expect(findings).not.toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("shows a chain that was written anew, because its head cannot be signed", async () => {
    const findings = await findingsAfter(async (db) => {
      const rows = await db.selectFrom("journal").selectAll().orderBy("sequence").execute();
      const last = rows.at(-1);
      if (last === undefined) throw new Error("no entries");
      const forged: JournalRow = { ...last, act: "nothing.happened" };
      const hash = hashOfEntry(forged, hashOfBody(forged));
      await db
        .updateTable("journal")
        .set({ act: forged.act, hash })
        .where("sequence", "=", last.sequence)
        .execute();
      await db.updateTable("journal_head").set({ hash }).execute();
    });
    expect(findings).toEqual(["the signature of the log's head is not valid"]);
  });

  it("takes no further entry after a forged end, which it would make a true one", async () => {
    const attempt = filled.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom("journal").where("sequence", "=", entries).execute();
      await transaction
        .updateTable("journal_head")
        .set({ count: entries - 1 })
        .execute();
      await appendToJournal(
        transaction,
        { vault: filled.vault },
        { at: now, actor: "operator", caseId: undefined, act: "test.note", details: {} },
      );
    });
    await expect(attempt).rejects.toMatchObject({ code: "log.broken" });
  });

  it("says where somebody removed the signature of its end", async () => {
    const findings = await findingsAfter(async (db) => {
      for (let round = 0; round < 2; round += 1) {
        await db.updateTable("journal_head").set({ public_key: null, signature: null }).execute();
        await appendToJournal(
          db,
          { vault: filled.vault },
          { at: now, actor: "operator", caseId: undefined, act: "test.note", details: {} },
        );
      }
    });
    expect(findings).toEqual(["the signature of the end was removed here"]);
  });
});

describe("the export of a case's log", () => {
  it("can be checked by itself, and shows of other cases hashes only", async () => {
    const [mine, other] = filled.cases;
    if (mine === undefined || other === undefined) throw new Error("no cases");
    const { db, vault } = filled;
    const exported = await db
      .transaction()
      .execute((transaction) =>
        exportLog({ db: transaction, vault, now }, { code: mine.code, reason: "audit" }),
      );
    expect(exported).toMatchObject({ code: "JIT-0001", entries: 4 });
    const lines = exported.text.trimEnd().split("\n");
    const checked = await checkLogFile(lines, isHeadSigned);
    expect(checked.findings).toEqual([]);
    expect(checked).toMatchObject({ own: 4, publicKey: vault.signer.publicKey });
    expect(exported.text).not.toContain(other.id);
    expect(exported.text).not.toContain(other.code);
    expect(exported.text).not.toContain("test.note");
    const own = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "entry");
    expect(own.map(({ act }) => act)).toEqual([
      "case.create",
      "case.show",
      "command.run",
      "log.export",
    ]);
    expect(own[0].details).toEqual({ code: "JIT-0001", act: "case.create" });
  });

  it("is refused for a case that never was", async () => {
    const { db, vault } = filled;
    await expect(
      db
        .transaction()
        .execute((transaction) =>
          exportLog({ db: transaction, vault, now }, { code: "JIT-FFFF", reason: "audit" }),
        ),
    ).rejects.toMatchObject({ code: "case.unknown" });
  });
});
