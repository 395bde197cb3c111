import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configDirectory } from "../../src/config/paths.ts";
import { retentionClasses, retentionOf } from "../../src/config/retention.ts";
import { appendToJournal, isHeadSigned } from "../../src/db/repositories/journal.ts";
import { findShredding } from "../../src/db/repositories/shreddings.ts";
import { destroyDue } from "../../src/process/destroy-due.ts";
import { isDestructionDue } from "../../src/process/retention-due.ts";
import { exportLog } from "../../src/services/log/export-log.ts";
import { verifyLog } from "../../src/services/log/verify-log.ts";
import {
  certificateAsMarkdown,
  isCertificateSigned,
  writeCertificate,
} from "../../src/services/shredding/certificate.ts";
import { checkLogFile } from "../../src/vault/log-file.ts";
import { type CaseHarness, caseOf } from "../support/case-harness.ts";
import { openNightjar } from "../support/nightjar-demo.ts";

let harness: CaseHarness;

const ask = (who: string, body: string) => harness.ask(`nightjar-${who}`, "coordination", body);

/** A JIT with an action, a request and a meeting, closed on 1 December 2026. */
beforeEach(async () => {
  harness = await openNightjar();
  await ask("ro-pros", "!action add @NL-PROS hidden parcel by Friday");
  await ask("ro-pros", "!request new EIO to BE: hidden registers");
  await ask("ro-pros", "!meeting schedule tomorrow 10:00 hidden meeting");
  await ask("ro-pros", "!case state post-operational");
  await ask("be-ij", "!case confirm 1");
  await ask("ro-pros", "!case close");
  await ask("be-ij", "!case confirm 2");
});
afterEach(() => harness.close());

function destroyAt(instant: string) {
  const { db, vault } = harness;
  return destroyDue({ db, vault, now: () => Temporal.Instant.from(instant) });
}

async function count(table: "action_item" | "request" | "meeting" | "case_room" | "person") {
  return (await harness.db.selectFrom(table).selectAll().execute()).length;
}

function check() {
  const { db, vault } = harness;
  return db.transaction().execute((transaction) => verifyLog(transaction, vault));
}

async function certificate() {
  const { db, vault, caseId } = harness;
  const record = await findShredding(db, vault, caseId);
  if (record === undefined) throw new Error("nothing was destroyed");
  return writeCertificate(record, "rogatory.localhost", vault.signer);
}

describe("data whose retention time is over", () => {
  it("is due at the end of the last day, not before", async () => {
    const due = (instant: string) => isDestructionDue(harness.db, Temporal.Instant.from(instant));
    expect(await due("2026-12-29T22:59:59Z")).toBe(false);
    expect(await due("2026-12-29T23:00:00Z")).toBe(true);
    expect(await destroyAt("2026-12-29T22:59:59Z")).toEqual([]);
    expect(await destroyAt("2026-12-29T23:00:00Z")).toEqual([
      { code: "TEST-0001", class: "operational" },
    ]);
    expect(await due("2026-12-29T23:00:00Z")).toBe(false);
    expect(await destroyAt("2026-12-29T23:00:00Z")).toEqual([]);
  });

  it("goes class by class: after four weeks what is operational, rooms and all", async () => {
    await destroyAt("2026-12-30T08:00:00Z");
    expect(await count("action_item")).toBe(0);
    expect(await count("case_room")).toBe(0);
    expect(await harness.db.selectFrom("outbox").selectAll().execute()).toEqual([]);
    expect([await count("request"), await count("meeting"), await count("person")]).toEqual([
      1, 1, 10,
    ]);
    const record = await findShredding(harness.db, harness.vault, harness.caseId);
    expect(record?.rooms.map(({ roomId, outcome }) => `${roomId} ${outcome}`)).toEqual([
      "!space pending",
      "!coordination pending",
      "!leaders pending",
      "!notices pending",
    ]);
    const open = await caseOf(harness);
    expect(open.case.profile.name).toBe("NIGHTJAR");
    expect((await check()).findings).toEqual([]);
  });

  it("is certified with its classes and what is kept, signed by the deployment", async () => {
    await destroyAt("2026-12-30T08:00:00Z");
    const written = await certificate();
    expect(isCertificateSigned(written)).toBe(true);
    expect(written.destroyed).toMatchObject({
      caseKeys: 0,
      rows: { action_item: 1, "request (texts)": 1, case_room: 4 },
      classes: [{ name: "operational", title: "Operational data" }],
    });
    const markdown = certificateAsMarkdown(written);
    expect(markdown).toContain(
      "- Operational data, on 2026-12-30T08:00:00Z. Retention: Regulation",
    );
    expect(markdown).toContain("classes of data whose retention time is not over");
    expect(JSON.stringify(written) + markdown).not.toMatch(/hidden|NIGHTJAR/);
  });

  it("is not in the log either, nor in what an earlier version logged of it", async () => {
    const { db, vault, caseId } = harness;
    const log = (now: string) =>
      db.transaction().execute(async (transaction) => {
        const work = { db: transaction, vault, now: Temporal.Instant.from(now) };
        return (await exportLog(work, { code: "TEST-0001", reason: "audit" })).text;
      });
    const { seal } = await caseOf(harness);
    await db.transaction().execute(async (transaction) => {
      const entry = {
        at: Temporal.Instant.from("2026-12-01T09:00:00Z"),
        actor: "operator",
        caseId,
      };
      const old = [
        ["action.add", { action: "A-001", text: "hidden parcel" }],
        ["request.create", { request: "EIO-001", measure: "hidden registers" }],
        ["command.run", { line: "!action add hidden parcel", reason: "test" }],
        ["command.run", { command: "action add", reason: "test" }],
      ] as const;
      for (const [act, details] of old) {
        await appendToJournal(transaction, { vault, seal }, { ...entry, act, details });
      }
    });
    expect(await log("2026-12-02T08:00:00Z")).toMatch(/hidden parcel[\s\S]*hidden registers/);
    await destroyAt("2026-12-30T08:00:00Z");
    const text = await log("2026-12-30T09:00:00Z");
    expect(text).not.toMatch(/hidden (parcel|registers)/);
    const fingerprints = /"request":"EIO-001"[^}]*"measureSha256":"[0-9a-f]{64}"/;
    expect(text).toMatch(fingerprints);
    const checked = await checkLogFile(text.trimEnd().split("\n"), isHeadSigned);
    expect(checked.findings).toEqual([]);
    expect((await check()).findings).toEqual([]);
    const written = await certificate();
    expect(written.destroyed.rows).toMatchObject({ journal: 3 });
    expect(certificateAsMarkdown(written)).toContain("a hash of the text that nothing is left");
  });

  it("leaves of the log, after three years, that something was done and the chain", async () => {
    await destroyAt("2029-12-02T08:00:00Z");
    const rows = await harness.db
      .selectFrom("journal")
      .select(["act", "actor"])
      .orderBy("sequence")
      .execute();
    const last = rows.at(-1);
    expect(last).toEqual({ act: "log.erase", actor: "registrar" });
    expect(new Set(rows.slice(0, -1).map(({ actor }) => actor))).toEqual(new Set([""]));
    expect((await check()).findings).toEqual([]);
    const { db, vault } = harness;
    const now = Temporal.Instant.from("2029-12-03T08:00:00Z");
    const exported = await db
      .transaction()
      .execute((transaction) =>
        exportLog({ db: transaction, vault, now }, { code: "TEST-0001", reason: "audit" }),
      );
    expect(exported.entries).toBe(2);
    const checked = await checkLogFile(exported.text.trimEnd().split("\n"), isHeadSigned);
    expect(checked.findings).toEqual([]);
  });

  it("cannot be erased from the log by somebody else unnoticed", async () => {
    await destroyAt("2029-12-02T08:00:00Z");
    const { db, vault, caseId } = harness;
    await db
      .transaction()
      .execute((transaction) =>
        exportLog(
          { db: transaction, vault, now: Temporal.Instant.from("2029-12-03T08:00:00Z") },
          { code: "TEST-0001", reason: "audit" },
        ),
      );
    const last = await db
      .selectFrom("journal")
      .selectAll()
      .where("case_id", "=", caseId)
      .orderBy("sequence", "desc")
      .executeTakeFirstOrThrow();
    const { hashOfBody } = await import("../../src/vault/log-chain.ts");
    await db
      .updateTable("journal")
      .set({ actor: "", details: sql`''`, body_hash: hashOfBody(last) })
      .where("sequence", "=", last.sequence)
      .execute();
    expect((await check()).findings).toEqual([
      { sequence: last.sequence, problem: "what it said was erased, and no later entry says why" },
    ]);
  });

  it("ends with the last class in the shredding of the case, on one certificate", async () => {
    await destroyAt("2026-12-30T08:00:00Z");
    await destroyAt("2031-12-02T08:00:00Z");
    const row = await harness.db
      .selectFrom("case_file")
      .select(["wrapped_key", "profile", "shredded_at"])
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ wrapped_key: "", profile: "", shredded_at: expect.any(String) });
    const { destroyed, reason } = await certificate();
    expect(reason).toMatch(/^Retention time over: Non-operational data/);
    expect(destroyed.caseKeys).toBe(1);
    expect(destroyed.classes?.map(({ name }) => name)).toEqual([
      "operational",
      "audit",
      "non-operational",
    ]);
    expect(destroyed.rows).toMatchObject({ action_item: 1, request: 1, meeting: 1, person: 10 });
    expect(destroyed.rooms).toHaveLength(4);
    expect((await check()).findings).toEqual([]);
  });

  it("comes in one go, in the order of the classes, when nothing ran for years", async () => {
    const destroyed = await destroyAt("2040-01-01T00:00:00Z");
    expect(destroyed.map(({ class: name }) => name)).toEqual([
      "operational",
      "audit",
      "non-operational",
    ]);
    expect(await count("person")).toBe(0);
  });
});

describe("the retention classes", () => {
  it("all say from which act their time follows, and every template ends in shredding the case", () => {
    expect(readFileSync(join(configDirectory(), "retention.yaml"), "utf8")).toContain("P28D");
    for (const { source } of Object.values(retentionClasses())) {
      expect(source).toMatch(/^(Regulation|Directive) \(EU\) \d{4}\/\d+/);
    }
    for (const template of ["jit", "focus-group"]) {
      const classes = retentionOf(template);
      expect(classes.at(-1)?.rules.contents).toEqual(["case"]);
    }
  });
});
