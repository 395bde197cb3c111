import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readCaseFile } from "../../../src/config/case-file.ts";
import { packageDirectory } from "../../../src/config/paths.ts";
import { openDatabase } from "../../../src/db/database.ts";
import { findCaseByName, listPeople } from "../../../src/db/repositories/cases.ts";
import { placeOfPayload, Step } from "../../../src/db/repositories/outbox.ts";
import type { Database } from "../../../src/db/schema.ts";
import type { CaseFile } from "../../../src/domain/case/case-file.ts";
import type { CaseId } from "../../../src/domain/ids.ts";
import { UserId } from "../../../src/domain/ids.ts";
import { createCase } from "../../../src/services/case/create-case.ts";
import { summariseCases } from "../../../src/services/case/list-cases.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";

const bots = {
  registrar: UserId.parse("@rogatory_registrar:example.org"),
  clerk: UserId.parse("@rogatory_clerk:example.org"),
  scribe: UserId.parse("@rogatory_scribe:example.org"),
};
const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
const vault = new Vault(randomBytes(32));
const actor = { kind: "operator", reason: "test" } as const;

const CreateRoom = z.object({
  name: z.string(),
  room_version: z.string(),
  preset: z.string(),
  visibility: z.string(),
  creation_content: z.record(z.string(), z.unknown()),
  initial_state: z.array(
    z.object({ type: z.string(), state_key: z.literal(""), content: z.unknown() }),
  ),
  power_level_content_override: z.object({
    users: z.record(z.string(), z.number()),
    events: z.record(z.string(), z.number()),
    state_default: z.number(),
    events_default: z.number(),
    invite: z.number(),
    kick: z.number(),
    ban: z.number(),
    redact: z.number(),
  }),
});

let db: Kysely<Database>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});

afterAll(() => db.destroy());

function sample(name: string): CaseFile {
  const text = readFileSync(join(packageDirectory(), "config", name), "utf8");
  return readCaseFile(text, {
    fileName: name,
    serverName: "example.org",
    bots: Object.values(bots),
  });
}

function renamed(file: CaseFile, name: string): CaseFile {
  return { ...file, profile: { ...file.profile, name } };
}

function create(file: CaseFile, cause: string, accounts: typeof bots = bots) {
  return db
    .transaction()
    .execute((transaction) =>
      createCase({ db: transaction, vault, now }, { file, bots: accounts, actor, cause }),
    );
}

async function steps(caseId: CaseId) {
  const open = await db
    .selectFrom("case_file")
    .select("wrapped_key")
    .where("id", "=", caseId)
    .executeTakeFirstOrThrow();
  const seal = vault.forCase(caseId, open.wrapped_key);
  const rows = await db
    .selectFrom("outbox")
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("position")
    .execute();
  return rows.map((row) => ({
    row,
    step: Step.parse(
      seal.open<unknown>(placeOfPayload(row.account, row.transaction_id), row.payload, z.unknown()),
    ),
  }));
}

async function roomsOf(caseId: CaseId) {
  const rooms = await db
    .selectFrom("case_room")
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("position")
    .execute();
  const all = (await steps(caseId)).map(({ step }) => step);
  return rooms.map((row) => {
    const here = (step: Step) =>
      "room" in step && "caseRoomId" in step.room && step.room.caseRoomId === row.id;
    return {
      row,
      content: CreateRoom.parse(
        all.flatMap((step) =>
          step.kind === "create-room" && step.caseRoomId === row.id ? [step.content] : [],
        )[0],
      ),
      invited: all.flatMap((step) => (step.kind === "invite" && here(step) ? [step.userId] : [])),
      said: all.flatMap((step) => (step.kind === "send" && here(step) ? [step.content] : [])),
    };
  });
}

describe("creating a case", () => {
  it("makes all rooms first, then links and bots in one lane, then people in a lane for each", async () => {
    const { caseId, code, rooms, created } = await create(sample("case.jit.example.yaml"), "jit");
    expect(created).toBe(true);
    expect(code).toMatch(/^JIT-[0-9A-F]{4}$/);
    expect(rooms.map(({ kind }) => kind)).toEqual(["space", "coordination", "leaders", "notices"]);
    const all = await steps(caseId);
    expect(new Set(all.map(({ row }) => row.account))).toEqual(new Set([bots.registrar]));
    for (const { row, step } of all) {
      const isPerson = step.kind === "invite" && !Object.values(bots).includes(step.userId);
      expect(row).toMatchObject(
        isPerson
          ? { lane: `people:${caseId}:${step.userId}`, after_lane: `case:${caseId}` }
          : { lane: `case:${caseId}`, after_lane: null },
      );
    }
    expect(all.map(({ step }) => step.kind)).toEqual([
      ...["create-room", "create-room", "create-room", "create-room"],
      ...["set-state", "set-state", "set-state"],
      ...["invite", "invite"],
      // Five people in the space, four of this homeserver in the coordination room, three leaders.
      ...Array.from({ length: 5 + 4 + 3 + 4 }, () => "invite"),
    ]);
  });

  it("closes and encrypts every room, and gives each a neutral name", async () => {
    const { caseId, code } = await create(
      renamed(sample("case.focus-group.example.yaml"), "Fifth"),
      "closed",
    );
    const rooms = await roomsOf(caseId);
    expect(rooms.map(({ content }) => content.name)).toEqual(
      ["space", "plenary", "s1", "w1", "w2", "rapporteurs"].map((name) => `${code} · ${name}`),
    );
    for (const { row, content } of rooms) {
      const state = Object.fromEntries(content.initial_state.map((e) => [e.type, e.content]));
      const closed = {
        "m.room.history_visibility": { history_visibility: "joined" },
        "m.room.guest_access": { guest_access: "forbidden" },
        "m.room.join_rules": { join_rule: "invite" },
      };
      expect(state).toEqual(
        row.kind === "space"
          ? closed
          : { ...closed, "m.room.encryption": { algorithm: "m.megolm.v1.aes-sha2" } },
      );
      expect(content).toMatchObject({
        room_version: "12",
        preset: "private_chat",
        visibility: "private",
      });
      expect(content.creation_content).toEqual({
        "m.federate": true,
        ...(row.kind === "space" ? { type: "m.space" } : {}),
      });
    }
  });

  it("gives power by role and to bots, and to nobody enough to open a room", async () => {
    const { caseId } = await create(renamed(sample("case.jit.example.yaml"), "Powers"), "powers");
    const [space, coordination, leaders] = await roomsOf(caseId);
    const threeLeaders = {
      "@ro-pros:example.org": 50,
      "@be-ij:example.org": 50,
      "@nl-pros:example.org": 50,
    };
    expect(space?.content.power_level_content_override.users).toEqual(threeLeaders);
    for (const room of [coordination, leaders]) {
      const levels = room?.content.power_level_content_override;
      expect(levels?.users).toEqual({ ...threeLeaders, [bots.clerk]: 50 });
      expect(levels).toMatchObject({ invite: 50, kick: 50, ban: 50, redact: 50 });
      const highest = Math.max(...Object.values(levels?.users ?? {}));
      expect(levels?.state_default).toBeGreaterThan(highest);
      for (const type of ["encryption", "history_visibility", "power_levels", "server_acl"]) {
        expect(levels?.events[`m.room.${type}`]).toBeGreaterThan(highest);
      }
      expect(levels?.events["m.room.tombstone"]).toBe(150);
      // Room version 12 refuses a room whose creator stands in its power levels.
      expect(levels?.users).not.toHaveProperty(bots.registrar);
    }
  });

  it("lets everybody read the notices and only leaders write them", async () => {
    const { caseId } = await create(renamed(sample("case.jit.example.yaml"), "Notices"), "notices");
    const [, coordination, , notices] = await roomsOf(caseId);
    expect(notices?.invited).toEqual(
      coordination?.invited.filter((userId) => userId !== bots.clerk),
    );
    expect(coordination?.content.power_level_content_override.events_default).toBe(0);
    expect(notices?.content.power_level_content_override).toMatchObject({
      events_default: 50,
      users: { "@ro-pros:example.org": 50, "@be-ij:example.org": 50, "@nl-pros:example.org": 50 },
    });
  });

  it("invites to each room the people of its roles and the bots that it needs", async () => {
    const { caseId } = await create(
      renamed(sample("case.focus-group.example.yaml"), "Invitations"),
      "invitations",
    );
    const invited = Object.fromEntries(
      (await roomsOf(caseId)).map(({ row, invited: who }) => [row.section ?? row.kind, who]),
    );
    const everybody = ["c1", "r1", "r2", "p-fi", "academia"].map((name) => `@${name}:example.org`);
    expect(invited.space).toEqual(everybody);
    expect(invited.plenary).toEqual([bots.scribe, bots.clerk, ...everybody]);
    expect(invited.w1).toEqual([bots.scribe, ...everybody]);
    expect(invited.rapporteurs).toEqual([
      bots.scribe,
      ...["@c1:example.org", "@r1:example.org", "@r2:example.org"],
    ]);
  });

  it("invites no bot twice, nor the registrar, when bots share an account", async () => {
    const shared = { ...bots, clerk: bots.registrar, scribe: bots.registrar };
    const { caseId } = await create(
      renamed(sample("case.focus-group.example.yaml"), "Shared"),
      "shared",
      shared,
    );
    for (const { invited } of await roomsOf(caseId)) expect(invited).not.toContain(bots.registrar);
  });

  it("says nothing while nobody has joined, and makes no room for a pair of States", async () => {
    const { caseId, rooms } = await create(
      renamed(sample("case.jit.example.yaml"), "Silent"),
      "silent",
    );
    for (const { said } of await roomsOf(caseId)) expect(said).toEqual([]);
    expect(rooms.map(({ kind }) => kind)).not.toContain("bilateral");
  });

  it("links every room to the space through the registrar's server", async () => {
    const { caseId } = await create(renamed(sample("case.jit.example.yaml"), "Links"), "links");
    const [space, ...others] = await roomsOf(caseId);
    const links = (await steps(caseId)).flatMap(({ step }) =>
      step.kind === "set-state" ? [step] : [],
    );
    expect(links.map(({ room, type, stateKey }) => ({ room, type, stateKey }))).toEqual(
      others.map(({ row }) => ({
        room: { caseRoomId: space?.row.id },
        type: "m.space.child",
        stateKey: { caseRoomId: row.id },
      })),
    );
    for (const { content } of links) expect(content.via).toEqual(["example.org"]);
  });

  it("gives the same case to the same cause, and does nothing again", async () => {
    const file = renamed(sample("case.jit.example.yaml"), "Once");
    const first = await create(file, "once");
    const before = await countRows();
    expect(await create(file, "once")).toEqual({ ...first, created: false });
    expect(await countRows()).toEqual(before);
  });

  it("refuses a second case of the same name, in whatever letters, and changes nothing", async () => {
    await create(renamed(sample("case.jit.example.yaml"), "Nightjar II"), "first");
    const before = await countRows();
    await expect(
      create(renamed(sample("case.jit.example.yaml"), "NIGHTJAR ii"), "second"),
    ).rejects.toMatchObject({ code: "case.name-taken" });
    expect(await countRows()).toEqual(before);
  });

  it("logs the act, with its subject sealed", async () => {
    const { caseId } = await create(renamed(sample("case.jit.example.yaml"), "Logged"), "logged");
    const rows = await db.selectFrom("journal").selectAll().where("case_id", "=", caseId).execute();
    expect(rows).toMatchObject([{ act: "case.create", actor: "operator", at: now.toString() }]);
  });

  it("leaves no name, function or purpose in any plain column", async () => {
    const files = ["case.jit.example.yaml", "case.focus-group.example.yaml"].map(sample);
    for (const [index, file] of files.entries()) {
      await create(renamed(file, `Secret ${index}`), `plain-${index}`);
    }
    const dump = (await dumpTables()).toLowerCase();
    const secrets = files.flatMap(({ profile, people }) => [
      profile.name,
      ...(profile.agreement === undefined ? [] : [profile.agreement.purpose]),
      ...(profile.meeting === undefined ? [] : [profile.meeting.title, profile.meeting.place]),
      ...profile.agenda.map(({ title }) => title),
      ...people.map((person) => person.profile.function),
    ]);
    expect(dump).toContain("coordination");
    for (const secret of ["secret 0", ...secrets]) expect(dump).not.toContain(secret.toLowerCase());
  });

  it("keeps the whole roster, which opens again", async () => {
    const file = renamed(sample("case.jit.example.yaml"), "Roster");
    const { caseId } = await create(file, "roster");
    const open = await findCaseByName(db, vault, "roster");
    expect(open?.case.profile).toEqual(file.profile);
    if (open === undefined) throw new Error("no case");
    const people = await listPeople(db, open.seal, caseId);
    expect(people.map(({ userId, profile }) => ({ userId, profile }))).toEqual(
      [...file.people].sort((a, b) => (a.userId < b.userId ? -1 : 1)),
    );
  });

  it("lists cases by code only", async () => {
    const file = renamed(sample("case.jit.example.yaml"), "Listed");
    const { code } = await create(file, "listed");
    const cases = await db
      .transaction()
      .execute((transaction) => summariseCases({ db: transaction }));
    expect(cases.find((known) => known.code === code)).toEqual({
      code,
      template: "jit",
      state: "negotiation",
      createdAt: now.toString(),
      people: 5,
      rooms: { made: 0, planned: 4 },
    });
  });
});

const tables = ["case_file", "person", "case_room", "outbox", "journal"] as const;

async function countRows(): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const table of tables) {
    const { rows } = await sql`select 1 from ${sql.table(table)}`.execute(db);
    counts.push(rows.length);
  }
  return counts;
}

async function dumpTables(): Promise<string> {
  const names = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(
    db,
  );
  const dumps: string[] = [];
  for (const { name } of names.rows) {
    const { rows } = await sql`select * from ${sql.table(name)}`.execute(db);
    dumps.push(JSON.stringify(rows));
  }
  return dumps.join("\n");
}
