import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openDatabase } from "../../../src/db/database.ts";
import { noteRunning, saveManagementRoom } from "../../../src/db/repositories/management.ts";
import { enqueueStep, placeOfPayload, Step } from "../../../src/db/repositories/outbox.ts";
import type { Database } from "../../../src/db/schema.ts";
import { EventId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { ensureManagement } from "../../../src/services/management/ensure-room.ts";
import {
  reportDeadLetters,
  reportLastingFailures,
  reportParked,
  reportReplay,
  reportSilence,
  reportStart,
  reportUnreadable,
} from "../../../src/services/management/troubles.ts";
import { retryStep } from "../../../src/services/outbox/outbox-steps.ts";
import type { Work } from "../../../src/services/work.ts";
import { membersArrived } from "../../../src/signals/member/joined.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";

const registrar = UserId.parse("@registrar:x");
const [ada, ben] = [UserId.parse("@ada:x"), UserId.parse("@ben:far.example")];
const roomId = RoomId.parse("!room");
const vault = new Vault(randomBytes(32));
const start = Temporal.Instant.from("2026-12-01T08:00:00Z");
let db: Kysely<Database>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});
beforeEach(async () => {
  await db.deleteFrom("outbox").execute();
  await db.deleteFrom("management").execute();
});
afterAll(() => db.destroy());

const work = <T>(does: (work: Work) => Promise<T>, minutes = 0): Promise<T> =>
  db
    .transaction()
    .execute((transaction) => does({ db: transaction, vault, now: start.add({ minutes }) }));

const ensure = (operators: readonly UserId[], minutes = 0) =>
  work((now) => ensureManagement(now, registrar, operators), minutes);

async function steps(): Promise<readonly (Step & { readonly lane: string })[]> {
  const rows = await db.selectFrom("outbox").selectAll().orderBy("position").execute();
  return rows.map((row) => {
    const place = placeOfPayload(row.account, row.transaction_id);
    const step = Step.parse(vault.system.open<unknown>(place, row.payload, z.unknown()));
    return { ...step, lane: row.lane };
  });
}

async function said(): Promise<readonly string[]> {
  return (await steps()).flatMap((step) =>
    step.kind === "send" && step.lane === "management" ? [String(step.content.body)] : [],
  );
}

describe("the operators' room", () => {
  it("is planned once, encrypted and closed to all but the registrar's invitations", async () => {
    await ensure([]);
    expect(await steps()).toEqual([]);
    await ensure([ada, ben]);
    await ensure([ada, ben], 5);
    const [create, welcome, ...invitations] = await steps();
    expect(create).toMatchObject({
      kind: "create-management",
      content: {
        name: "Operators",
        initial_state: expect.arrayContaining([
          expect.objectContaining({ type: "m.room.encryption" }),
        ]),
        power_level_content_override: { invite: 100, state_default: 100, users: {} },
      },
    });
    expect(welcome).toMatchObject({ kind: "send", room: { management: true } });
    expect(invitations).toMatchObject([
      { kind: "invite", userId: ada, lane: "management:@ada:x" },
      { kind: "invite", userId: ben, lane: "management:@ben:far.example" },
    ]);
  });

  it("lets in who is added to the configuration, and takes out who is removed, whatever waits to be read", async () => {
    await ensure([ada]);
    await ensure([ben], 5);
    expect((await steps()).slice(-2)).toMatchObject([
      { kind: "kick", userId: ada, lane: "kick:management:@ada:x" },
      { kind: "invite", userId: ben },
    ]);
  });

  it("says at once what has waited for somebody to read it", async () => {
    await ensure([ada]);
    await db.updateTable("outbox").set({ not_before: start.toString() }).execute();
    await work(async (now) => {
      await saveManagementRoom(now.db, roomId);
      const bots = { registrar, clerk: registrar, scribe: registrar };
      const arrival = { roomId, userId: ada, membership: "join" };
      await membersArrived(now.db, { vault, bots, now: now.now }, [arrival]);
    });
    const rows = await db
      .selectFrom("outbox")
      .select("not_before")
      .where("lane", "=", "management")
      .execute();
    expect(rows.map((row) => row.not_before)).toEqual([null, null]);
  });
});

describe("what operators are told", () => {
  async function deadLetter(cause: string, lane = "!lane"): Promise<number> {
    await work(({ db: transaction, now }) =>
      enqueueStep(transaction, vault.system, now, {
        ...{ account: registrar, lane, caseId: undefined, cause, slot: "x" },
        step: { kind: "join", room: { roomId } },
      }),
    );
    const { position } = await db
      .updateTable("outbox")
      .set({ state: "dead", failure: "M_FORBIDDEN" })
      .where("transaction_id", "=", `${cause}.x`)
      .returning("position")
      .executeTakeFirstOrThrow();
    return position;
  }

  it("is each dead letter once, with the commands, and again only after a new attempt", async () => {
    await ensure([ada]);
    const before = (await said()).length;
    const id = await deadLetter("one");
    await deadLetter("two");
    await deadLetter("report", "management");
    const tell = (minutes: number) => work((now) => reportDeadLetters(now, registrar), minutes);
    expect(await tell(1)).toBe(true);
    expect(await tell(2)).toBe(false);
    const [message, ...others] = (await said()).slice(before);
    expect(others).toEqual([]);
    expect(message).toContain("2 steps were given up");
    expect(message).toContain(`rogatory outbox retry ${id}`);
    await work((now) => retryStep(now, id), 3);
    await db.updateTable("outbox").set({ state: "dead" }).where("position", "=", id).execute();
    expect(await tell(4)).toBe(true);
    expect((await said()).at(-1)).toContain("A step was given up");
  });

  it("is a replay once, whichever of the bots hears of it", async () => {
    await ensure([ada]);
    const before = (await said()).length;
    const eventId = EventId.parse("$again");
    for (const minutes of [0, 1]) {
      await work((now) => reportReplay(now, registrar, { roomId, eventId }), minutes);
    }
    expect((await said()).slice(before)).toEqual([
      expect.stringContaining("!room: A message came again"),
    ]);
  });

  it("is a step that is tried in vain for long, once a day for each bot and failure", async () => {
    await ensure([ada]);
    const before = (await said()).length;
    for (const cause of ["one", "two", "three"]) await deadLetter(cause);
    const pending = db.updateTable("outbox").set({ state: "pending", failure: "unreachable" });
    await pending.set({ attempts: 15 }).where("transaction_id", "in", ["one.x", "two.x"]).execute();
    await pending.set({ attempts: 14 }).where("transaction_id", "=", "three.x").execute();
    for (const minutes of [0, 1]) {
      await work((now) => reportLastingFailures(now, registrar), minutes);
    }
    expect((await said()).slice(before)).toEqual([
      expect.stringContaining("2 steps have failed for half an hour or longer (unreachable)"),
    ]);
  });

  it("is a message that was set aside, with its failure, once a day for each room", async () => {
    await ensure([ada]);
    const before = (await said()).length;
    const parked = { account: registrar, roomId, failure: "TypeError" };
    for (const minutes of [0, 1, 24 * 60]) {
      await work((now) => reportParked(now, registrar, parked), minutes);
    }
    expect((await said()).slice(before)).toEqual([
      expect.stringContaining("could not handle a message (TypeError)"),
      expect.stringContaining("!room"),
    ]);
  });

  it("is a silent homeserver, and its return; and unreadable messages that pile up", async () => {
    await ensure([ada]);
    const before = (await said()).length;
    for (const minutes of [11, 12, 13]) {
      const silence = { account: registrar, since: start, over: minutes === 13 };
      await work((now) => reportSilence(now, registrar, silence), minutes);
    }
    for (const count of [9, 10, 11, 99, 100]) {
      const unreadable = { account: registrar, roomId, count };
      await work((now) => reportUnreadable(now, registrar, unreadable), 20);
    }
    expect((await said()).slice(before)).toEqual([
      expect.stringContaining("has not heard from the homeserver for 11 min"),
      expect.stringContaining("hears from the homeserver again, after 13 min"),
      expect.stringContaining("10 messages cannot be read"),
      expect.stringContaining("100 messages cannot be read"),
    ]);
  });

  it("is a start after a crash with its exit code, a takeover, and no ordinary start", async () => {
    await ensure([ada]);
    const before = (await said()).length;
    const begin = (cause: string, lastEnd: string | undefined, stoodBy = false) =>
      work(async (now) => {
        const ranSince = await noteRunning(now.db, now.now);
        await reportStart(now, registrar, { cause, lastEnd, ranSince, stoodBy });
      });
    await begin("first", undefined);
    await begin("second", "exit code 74");
    await begin("third", undefined, true);
    await work((now) => noteRunning(now.db, undefined));
    await begin("fourth", undefined);
    expect((await said()).slice(before)).toEqual([
      expect.stringContaining("ended with exit code 74"),
      expect.stringMatching(/stood by has taken over.*ended without a word/),
    ]);
  });

  it("is nothing, and nothing is kept, where there are no operators", async () => {
    await deadLetter("one");
    await work((now) => reportDeadLetters(now, registrar));
    expect(await said()).toEqual([]);
  });
});
