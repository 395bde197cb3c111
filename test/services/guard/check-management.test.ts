import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { openDatabase } from "../../../src/db/database.ts";
import { saveManagementRoom } from "../../../src/db/repositories/management.ts";
import { placeOfPayload, Step } from "../../../src/db/repositories/outbox.ts";
import { saveRoomState } from "../../../src/db/repositories/room-state.ts";
import { saveMembership } from "../../../src/db/repositories/rooms.ts";
import type { Database } from "../../../src/db/schema.ts";
import type { BotAccounts } from "../../../src/domain/case/bots.ts";
import type { StateFact } from "../../../src/domain/guard/room-state.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import type { UnsignedDevices } from "../../../src/services/guard/check-case.ts";
import { checkManagement } from "../../../src/services/guard/check-management.ts";
import { expectManagement } from "../../../src/services/guard/expectation.ts";
import { shownManagementFindings } from "../../../src/services/guard/shown-findings.ts";
import { ensureManagement } from "../../../src/services/management/ensure-room.ts";
import type { Work } from "../../../src/services/work.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";

const id = (name: string) => UserId.parse(`@${name}:x`);
const bots: BotAccounts = {
  registrar: id("registrar"),
  clerk: id("clerk"),
  scribe: id("scribe"),
};
const roomId = RoomId.parse("!operators");
const vault = new Vault(randomBytes(32));
const start = Temporal.Instant.from("2026-12-01T08:00:00Z");
const visibility = "m.room.history_visibility";
let db: Kysely<Database>;

const work = <T>(does: (work: Work) => Promise<T>, minutes = 0): Promise<T> =>
  db
    .transaction()
    .execute((transaction) => does({ db: transaction, vault, now: start.add({ minutes }) }));

function fact(type: string, content: object, eventId: string, stateKey = ""): StateFact {
  return { type, stateKey, content: { ...content }, sender: "@who:x", eventId };
}

const change = (type: string, content: object, eventId: string) =>
  work((now) => saveRoomState(now.db, roomId, [fact(type, content, eventId)]));

const join = (name: string, membership = "join") =>
  work((now) => saveMembership(now.db, roomId, id(name), membership, bots.registrar));

/** Looks, and gives what is not as it must be then. */
function look(minutes = 0, devices?: UnsignedDevices): Promise<readonly string[]> {
  return work(async (now) => {
    await checkManagement(now, bots, devices);
    const found = await shownManagementFindings(now);
    return found.map(({ kind, state }) => `${kind} ${state}`);
  }, minutes);
}

async function steps(kind: string) {
  const rows = await db.selectFrom("outbox").selectAll().orderBy("position").execute();
  return rows
    .map((row) => {
      const place = placeOfPayload(row.account, row.transaction_id);
      const step = Step.parse(vault.system.open<unknown>(place, row.payload, z.unknown()));
      return { step, lane: row.lane };
    })
    .filter(({ step }) => step.kind === kind);
}

async function told(): Promise<readonly string[]> {
  return (await steps("send")).flatMap(({ step, lane }) =>
    step.kind === "send" && lane === "management" && /^Guard/.test(String(step.content.body))
      ? [String(step.content.body)]
      : [],
  );
}

const acts = async () =>
  (await db.selectFrom("journal").select(["act", "actor", "case_id"]).execute()).map(
    ({ act, actor, case_id: caseId }) => [act, actor, caseId],
  );

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});
beforeEach(async () => {
  for (const table of ["outbox", "management", "guard_finding", "room_state"] as const) {
    await db.deleteFrom(table).execute();
  }
  await db.deleteFrom("room_member").execute();
  await work(async (now) => {
    await ensureManagement(now, bots.registrar, [id("ada"), id("ben")]);
    await saveManagementRoom(now.db, roomId);
    const made = expectManagement([], bots).state;
    await saveRoomState(
      now.db,
      roomId,
      made.map(({ type, content }) => fact(type, content, `$made-${type}`)),
    );
  });
  for (const name of ["registrar", "ada"]) await join(name);
  await join("ben", "invite");
});
afterAll(() => db.destroy());

describe("a look at the operators' room", () => {
  it("finds nothing in the room as it was made, with the operators and our bots in it", async () => {
    await join("clerk", "invite");
    expect(await look()).toEqual([]);
    await db.deleteFrom("room_state").execute();
    await join("stranger");
    // Of a room of which nothing is known yet nothing is judged.
    expect(await look()).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it("repairs a change twice within an hour, and tells the operators the third time", async () => {
    const before = (await acts()).length;
    for (const [count, minutes] of [0, 10].entries()) {
      await change(visibility, { history_visibility: "world_readable" }, `$wrong-${count}`);
      expect(await look(minutes)).toEqual(["history-visibility repairing"]);
      await look(minutes + 1);
      expect(await steps("repair-state")).toHaveLength(count + 1);
      await change(visibility, { history_visibility: "joined" }, `$right-${count}`);
      expect(await look(minutes + 2)).toEqual([]);
    }
    expect(await told()).toEqual([]);
    expect((await steps("repair-state"))[0]?.step).toMatchObject({
      ...{ room: { roomId }, type: visibility, content: { history_visibility: "joined" } },
    });
    await change(visibility, { history_visibility: "world_readable" }, "$wrong-3");
    expect(await look(20)).toEqual(["history-visibility told"]);
    await look(30);
    expect(await steps("repair-state")).toHaveLength(2);
    expect(await told()).toEqual([
      expect.stringMatching(
        /^Guard: this room: who may read older messages was changed, by @who:x\.[\s\S]*twice within an hour/,
      ),
    ]);
    expect((await acts()).slice(before)).toEqual([
      ["guard.repair", "registrar", null],
      ["guard.repair", "registrar", null],
      ["guard.tell", "registrar", null],
    ]);
  });

  it.each([
    ["m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2", rotation_period_msgs: 1 }],
    ["m.room.join_rules", { join_rule: "public" }],
    ["m.room.guest_access", { guest_access: "can_join" }],
    ["m.room.power_levels", { invite: 0, users: { "@ada:x": 100 } }],
    ["m.room.topic", { topic: "who is in which case" }],
  ])("puts %s right", async (type, content) => {
    await change(type, content, "$changed");
    await look();
    expect((await steps("repair-state")).map(({ step }) => step)).toMatchObject([
      { type, evidence: "$changed" },
    ]);
  });

  it("takes out who is no operator, each time, and tells it once an hour", async () => {
    for (const minutes of [0, 5, 10]) {
      await join("stranger", "invite");
      expect(await look(minutes)).toEqual(["outsider told"]);
      await db.updateTable("outbox").set({ state: "done" }).where("kind", "=", "kick").execute();
      await join("stranger", "leave");
      expect(await look(minutes + 1)).toEqual([]);
    }
    const kicks = (await steps("kick")).map(({ step }) => step);
    expect(kicks).toHaveLength(3);
    expect(kicks).toMatchObject([
      { room: { management: true }, userId: id("stranger") },
      ...Array.from({ length: 2 }, () => ({ room: { management: true } })),
    ]);
    expect(await told()).toEqual([
      expect.stringMatching(
        /@stranger:x is in the room, or invited, and is not an operator, by @registrar:x/,
      ),
    ]);
    await join("stranger");
    await look(62);
    expect(await told()).toHaveLength(2);
  });

  it("leaves who was taken from the configuration to the step that takes them out", async () => {
    await work((now) => ensureManagement(now, bots.registrar, [id("ben")]), 1);
    expect(await look(1)).toEqual([]);
    expect(await steps("kick")).toHaveLength(1);
    await db.updateTable("outbox").set({ state: "done" }).execute();
    // Not the kick of somebody else.
    await join("stranger");
    await look(2);
    expect(await steps("kick")).toHaveLength(3);
    expect(await look(3)).toEqual(["outsider told", "outsider told"]);
    expect(await steps("kick")).toHaveLength(3);
  });

  it("empties a widget and tells of it, for it may have seen something", async () => {
    await work((now) =>
      saveRoomState(now.db, roomId, [fact("m.widget", { url: "https://x.example" }, "$w", "w")]),
    );
    await look();
    expect((await steps("repair-state")).map(({ step }) => step)).toMatchObject([
      { type: "m.widget", stateKey: "w", content: {} },
    ]);
    expect(await told()).toEqual([expect.stringContaining("find out who added it")]);
  });

  it("tells of an operator who was taken out, and of a device that stays unsigned", async () => {
    await work((now) => saveMembership(now.db, roomId, id("ada"), "ban", id("mallory")));
    expect(await look()).toEqual(["taken-out told"]);
    await join("ada");
    const devices = new Map([[id("ada"), ["NEW"]]]);
    expect(await look(1, devices)).toEqual(["unsigned-device noted"]);
    expect(await look(2)).toEqual(["unsigned-device noted"]);
    expect(await look(61, devices)).toEqual(["unsigned-device told"]);
    expect(await look(62, new Map())).toEqual([]);
    expect(await told()).toEqual([
      expect.stringMatching(/@ada:x has a seat in the room and was taken out of it, by @mallory:x/),
      expect.stringContaining("@ada:x has a device that they have not verified"),
    ]);
  });

  it("follows the room that replaces it, if it proves to be ours, and looks at that one then", async () => {
    await change("m.room.tombstone", { replacement_room: "!new" }, "$tombstone");
    expect(await look()).toEqual(["replaced repairing"]);
    expect((await steps("follow-management")).map(({ step }) => step)).toMatchObject([
      { from: roomId, to: "!new" },
    ]);
    // It was not.
    await db.updateTable("outbox").set({ state: "dead" }).execute();
    expect(await look(1)).toEqual(["replaced told"]);
    expect((await told()).join()).toContain("not one of ours");
    await work((now) => saveManagementRoom(now.db, RoomId.parse("!new")));
    const made = expectManagement([], bots).state;
    await work((now) =>
      saveRoomState(
        now.db,
        RoomId.parse("!new"),
        made.map(({ type, content }) => fact(type, content, `$new-${type}`)),
      ),
    );
    expect(await look(2)).toEqual([]);
  });
});
