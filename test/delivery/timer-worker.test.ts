import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DatabaseLocation, openDatabase } from "../../src/db/database.ts";
import {
  findCase,
  insertCase,
  insertCaseRoom,
  listCaseRooms,
} from "../../src/db/repositories/cases.ts";
import { placeOfPayload, Step } from "../../src/db/repositories/outbox.ts";
import { claimTimer, setTimer } from "../../src/db/repositories/timers.ts";
import type { Database } from "../../src/db/schema.ts";
import { TimerWorker } from "../../src/delivery/timer-worker.ts";
import { answer, paragraph } from "../../src/documents/message/outcome.ts";
import { CaseProfile } from "../../src/domain/case/case.ts";
import { CaseId, CaseRoomId, newId, RoomId, UserId } from "../../src/domain/ids.ts";
import type { Timer } from "../../src/timers/timer.ts";
import { Vault } from "../../src/vault/vault.ts";
import { createTestDatabase, postgresUrl } from "../support/postgresql.ts";

const clerk = UserId.parse("@clerk:example.org");
const accounts = { registrar: clerk, clerk, scribe: clerk };
const vault = new Vault(randomBytes(32));
const day = "2026-12-15";

interface Place {
  readonly name: string;
  open(): Promise<{ readonly location: DatabaseLocation; remove(): Promise<void> }>;
}

const places: Place[] = [
  {
    name: "PGlite",
    async open() {
      const directory = await mkdtemp(join(tmpdir(), "rogatory-timers-"));
      return {
        location: { kind: "pglite", directory },
        remove: () => rm(directory, { recursive: true }),
      };
    },
  },
];
if (postgresUrl !== undefined) {
  places.push({
    name: "PostgreSQL",
    async open() {
      const { location, drop } = await createTestDatabase(postgresUrl ?? "");
      return { location, remove: drop };
    },
  });
}

describe.each(places)("timers on $name", ({ name, open }) => {
  let db: Kysely<Database>;
  let location: DatabaseLocation;
  let remove: () => Promise<void>;
  let now: Temporal.Instant;
  let caseId: CaseId;
  const failures: unknown[] = [];

  beforeAll(async () => {
    ({ location, remove } = await open());
    db = await openDatabase(location);
  });

  beforeEach(async () => {
    await db.deleteFrom("timer").execute();
    await db.deleteFrom("outbox").execute();
    await db.deleteFrom("case_room").execute();
    await db.deleteFrom("case_file").execute();
    caseId = newId(CaseId);
    now = Temporal.Instant.from(`${day}T08:00:00Z`);
    failures.length = 0;
    await db.transaction().execute(async (transaction) => {
      await insertCase(transaction, vault, now, {
        id: caseId,
        code: "JIT-0001",
        template: "jit",
        profile: CaseProfile.parse({ name: "HERON", timeZone: "Europe/Brussels" }),
      });
      await insertCaseRoom(transaction, {
        id: newId(CaseRoomId),
        caseId,
        kind: "coordination",
        section: undefined,
        roomId: RoomId.parse("!coordination"),
        position: 1,
        planKey: randomUUID(),
      });
    });
  });

  afterAll(async () => {
    await db.destroy();
    await remove();
  });

  const set = (time: string, subject = "x", kind = "test.say") =>
    db.transaction().execute((transaction) =>
      setTimer(transaction, {
        caseId,
        kind,
        subject,
        dueAt: Temporal.Instant.from(`${day}T${time}Z`),
        cause: `${kind} ${subject}`,
      }),
    );

  const say: Timer = {
    kind: "test.say",
    bot: "clerk",
    async handle({ work, subject }) {
      const [room] = await listCaseRooms(work.db, work.caseId);
      if (room === undefined) return undefined;
      return { room, ...answer(paragraph(subject)) };
    },
  };

  function workerOf(timers: readonly Timer[] = [say], database = db): TimerWorker {
    return new TimerWorker({
      db: database,
      vault,
      accounts,
      timers,
      now: () => now,
      onSteps: () => {},
      onFailure: (_, error) => failures.push(error),
    });
  }

  /** Fires what is due, once, and gives how it was said. */
  async function tick(timers: readonly Timer[] = [say], database = db): Promise<void> {
    const worker = workerOf(timers, database);
    worker.start((error) => failures.push(error));
    await worker.stop();
  }

  async function said(): Promise<readonly string[]> {
    const open = await findCase(db, vault, caseId);
    const rows = await db.selectFrom("outbox").selectAll().orderBy("position").execute();
    return rows.map((row) => {
      const place = placeOfPayload(row.account, row.transaction_id);
      const step = Step.parse(open?.seal.open(place, row.payload, Step));
      return step.kind === "send" ? String(step.content.body) : step.kind;
    });
  }

  it("fire when they are due and not before, once", async () => {
    await set("08:00:30", "half past");
    await tick();
    expect(await said()).toEqual([]);
    now = now.add({ seconds: 30 });
    await tick();
    await tick();
    expect(await said()).toEqual(["half past"]);
    expect(failures).toEqual([]);
  });

  it("fire before what was said after them is done, and wait for what was said before", async () => {
    await set("08:00:00", "before");
    await set("10:00:00", "after");
    now = Temporal.Instant.from(`${day}T12:00:00Z`);
    const worker = workerOf();
    const said9 = worker.fireUntil(Temporal.Instant.from(`${day}T09:00:00Z`));
    await Promise.all([said9, worker.fireUntil(Temporal.Instant.from(`${day}T09:30:00Z`))]);
    expect(await said()).toEqual([expect.stringContaining("before")]);
    await worker.fireUntil(now);
    expect(await said()).toHaveLength(2);
  });

  it("are set once for the same cause", async () => {
    await set("08:00:00", "once");
    await set("08:00:00", "once");
    await tick();
    expect(await said()).toEqual(["once"]);
  });

  it("fire after a restart, in the order in which they were due, and are marked late", async () => {
    await set("10:00:00", "second");
    await set("09:00:00", "first");
    await db.destroy();
    db = await openDatabase(location);
    now = Temporal.Instant.from(`${day}T12:00:00Z`);
    await tick();
    expect(await said()).toEqual([
      "This comes late: it was due on Tue 15 December 2026, 10:00 (Europe/Brussels).\n\nfirst",
      "This comes late: it was due on Tue 15 December 2026, 11:00 (Europe/Brussels).\n\nsecond",
    ]);
    await tick();
    expect(await said()).toHaveLength(2);
  });

  it("fire after the lease of a process that died while it held them", async () => {
    await set("08:00:00", "left");
    await claimTimer(db, {
      kinds: ["test.say"],
      now,
      owner: "a process that is no more",
      leaseUntil: now.add({ seconds: 30 }),
    });
    await tick();
    expect(await said()).toEqual([]);
    now = now.add({ seconds: 30 });
    await tick();
    expect(await said()).toEqual(["left"]);
  });

  it("keep nothing of a handler that failed, and try it again after growing pauses", async () => {
    await set("08:00:00", "hard");
    let attempts = 0;
    const failing: Timer = {
      ...say,
      async handle(context) {
        attempts += 1;
        await context.work.db.updateTable("case_room").set({ section: "half done" }).execute();
        if (attempts < 3) throw new Error("not now");
        return say.handle(context);
      },
    };
    await tick([failing]);
    const [room] = await listCaseRooms(db, caseId);
    expect(room?.section).toBeUndefined();
    expect(failures).toHaveLength(1);
    now = now.add({ seconds: 59 });
    await tick([failing]);
    expect(attempts).toBe(1);
    now = now.add({ seconds: 1 });
    await tick([failing]);
    now = now.add({ minutes: 2 });
    await tick([failing]);
    expect(attempts).toBe(3);
    expect(await said()).toHaveLength(1);
  });

  it("of a kind that this version does not know wait for one that does", async () => {
    await set("08:00:00", "later", "test.unknown");
    await tick();
    await tick([{ ...say, kind: "test.unknown" }]);
    expect(await said()).toEqual(["later"]);
  });

  it.skipIf(name === "PGlite")("are shared out between two claimers, none twice", async () => {
    const count = 60;
    for (let number = 0; number < count; number += 1) await set("08:00:00", `timer ${number}`);
    const second = await openDatabase(location);
    const by = new Map<string, number>();
    const counting = (who: string): Timer => ({
      ...say,
      async handle(context) {
        by.set(who, (by.get(who) ?? 0) + 1);
        return say.handle(context);
      },
    });
    await Promise.all([tick([counting("one")]), tick([counting("two")], second)]);
    await second.destroy();
    expect(failures).toEqual([]);
    expect([...by.keys()].sort()).toEqual(["one", "two"]);
    const all = await said();
    expect(all).toHaveLength(count);
    expect(new Set(all).size).toBe(count);
  });

  it.skipIf(name === "PGlite")("have no effect from a claimer that was too slow", async () => {
    await set("08:00:00", "slow");
    const second = await openDatabase(location);
    let overtaken = false;
    const slow: Timer = {
      ...say,
      async handle(context) {
        // The row is locked: the other claimer, whose clock is ahead, must not wait for it or take it.
        now = now.add({ minutes: 5 });
        await tick([say], second);
        overtaken = true;
        return say.handle(context);
      },
    };
    await tick([slow]);
    await second.destroy();
    expect(overtaken).toBe(true);
    expect(await said()).toHaveLength(1);
  });
});
