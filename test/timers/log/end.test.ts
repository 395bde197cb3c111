import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openDatabase } from "../../../src/db/database.ts";
import { appendToJournal } from "../../../src/db/repositories/journal.ts";
import { saveManagementRoom } from "../../../src/db/repositories/management.ts";
import { placeOfPayload, Step } from "../../../src/db/repositories/outbox.ts";
import type { Database } from "../../../src/db/schema.ts";
import { TimerWorker } from "../../../src/delivery/timer-worker.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import { scheduleLogEnd } from "../../../src/services/log/post-end.ts";
import { verifyLog } from "../../../src/services/log/verify-log.ts";
import { ensureManagement } from "../../../src/services/management/ensure-room.ts";
import type { Work } from "../../../src/services/work.ts";
import { loadTimers } from "../../../src/timers/registry.ts";
import type { LogHead } from "../../../src/vault/log-chain.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";
import { rememberRows } from "../../support/rewind.ts";

const registrar = UserId.parse("@registrar:x");
const accounts = { registrar, clerk: registrar, scribe: registrar };
const vault = new Vault(randomBytes(32));
let db: Kysely<Database>;
let rewind: () => Promise<void>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
  await at("2026-12-01T05:00:00Z", async (work) => {
    await ensureManagement(work, registrar, [UserId.parse("@ada:x")]);
    await saveManagementRoom(work.db, RoomId.parse("!operators"));
  });
  rewind = await rememberRows(db);
});
beforeEach(() => rewind());
afterAll(() => db.destroy());

function at<T>(instant: string, does: (work: Work) => Promise<T>): Promise<T> {
  const now = Temporal.Instant.from(instant);
  return db.transaction().execute((transaction) => does({ db: transaction, vault, now }));
}

/** What every start of the bots does. */
const start = (instant: string, wanted = true) =>
  at(instant, (work) => scheduleLogEnd(work, wanted));

const act = (instant: string) =>
  at(instant, (work) =>
    appendToJournal(
      work.db,
      { vault },
      { at: work.now, actor: "operator", caseId: undefined, act: "test.act", details: {} },
    ),
  );

/** A tick of the bots at an instant. */
async function tick(instant: string): Promise<void> {
  const failures: unknown[] = [];
  const worker = new TimerWorker({
    ...{ db, vault, accounts, timers: await loadTimers(), onSteps() {} },
    now: () => Temporal.Instant.from(instant),
    onFailure: (_, error) => failures.push(error),
  });
  worker.start((error) => failures.push(error));
  await worker.stop();
  expect(failures).toEqual([]);
}

/** The ends of the log that the operators were told, in order. */
async function told(): Promise<readonly LogHead[]> {
  const rows = await db
    .selectFrom("outbox")
    .selectAll()
    .where("transaction_id", "like", "log.end.%")
    .orderBy("position")
    .execute();
  return rows.map((row) => {
    const place = placeOfPayload(row.account, row.transaction_id);
    const step = Step.parse(vault.system.open<unknown>(place, row.payload, z.unknown()));
    if (step.kind !== "send" || row.lane !== "management") throw new Error("not a report");
    const said = /--since (\d+):([0-9a-f]{64})/.exec(String(step.content.body));
    return { count: Number(said?.[1]), hash: said?.[2] ?? "" };
  });
}

const counts = async () => (await told()).map(({ count }) => count);

describe("the end of the log", () => {
  it("is said at six in the morning, once a day, however often the bots start and look", async () => {
    await start("2026-12-01T05:00:00Z");
    await tick("2026-12-01T05:59:50Z");
    expect(await counts()).toEqual([]);
    await act("2026-12-01T05:59:55Z");
    for (const second of ["00", "10", "20"]) await tick(`2026-12-01T06:00:${second}Z`);
    await start("2026-12-01T12:00:00Z");
    await tick("2026-12-01T23:59:50Z");
    expect(await counts()).toEqual([1]);
    await act("2026-12-01T23:59:55Z");
    await tick("2026-12-02T06:00:00Z");
    expect(await counts()).toEqual([1, 2]);
  });

  it("is said once when the bots run again after days, and then at the usual time of the next day", async () => {
    await start("2026-12-01T07:00:00Z");
    await start("2026-12-05T05:59:00Z");
    for (const time of ["05:59:10", "06:00:00", "12:00:00"]) await tick(`2026-12-05T${time}Z`);
    expect(await counts()).toHaveLength(1);
    await tick("2026-12-06T06:00:00Z");
    expect(await counts()).toHaveLength(2);
  });

  it("is said once by two processes that look at the same time", async () => {
    await start("2026-12-01T05:00:00Z");
    await Promise.all([tick("2026-12-01T06:00:00Z"), tick("2026-12-01T06:00:00Z")]);
    expect(await counts()).toHaveLength(1);
  });

  it("is not said where the configuration says so, nor twice on the day on which that is changed", async () => {
    await start("2026-12-01T05:00:00Z", false);
    await tick("2026-12-01T06:00:00Z");
    expect(await counts()).toEqual([]);
    await start("2026-12-01T07:00:00Z");
    await tick("2026-12-03T05:00:00Z");
    await start("2026-12-03T05:10:00Z", false);
    await start("2026-12-03T05:20:00Z");
    await tick("2026-12-03T06:00:00Z");
    expect(await counts()).toHaveLength(1);
    await start("2026-12-03T07:00:00Z", false);
    await tick("2026-12-09T06:00:00Z");
    expect(await counts()).toHaveLength(1);
  });

  it("shows a log that was set back together with its signed end, whatever was written since", async () => {
    await act("2026-12-01T05:00:00Z");
    const older = await rememberRows(db);
    await act("2026-12-01T05:10:00Z");
    await start("2026-12-01T05:20:00Z");
    await tick("2026-12-01T06:00:00Z");
    const [posted] = await told();
    const problems = () =>
      at("2026-12-02T00:00:00Z", async ({ db: transaction }) =>
        (await verifyLog(transaction, vault, posted)).findings.map(({ problem }) => problem),
      );
    await act("2026-12-01T07:00:00Z");
    expect(await problems()).toEqual([]);
    await older();
    expect(await problems()).toHaveLength(1);
    for (const hour of ["08", "09"]) await act(`2026-12-01T${hour}:00:00Z`);
    expect(await problems()).toHaveLength(1);
  });
});
