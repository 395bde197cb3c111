import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { listCaseRooms } from "../../../src/db/repositories/cases.ts";
import { findManagement } from "../../../src/db/repositories/management.ts";
import { enqueueStep } from "../../../src/db/repositories/outbox.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import { CaseRoomId, newId, RoomId } from "../../../src/domain/ids.ts";
import { type AccountHttp, path } from "../../../src/matrix/http.ts";
import { systemClock } from "../../../src/process/clock.ts";
import { type LiveCase, openLiveCase, type Place, places } from "../../support/live-case.ts";

const patience = 120_000;
const Anything = z.record(z.string(), z.unknown());

/** First parts of the Matrix ids of the people under test, by where they live. */
const leaderAt = { near: "leader", far: "chief" } as const;
const strangerAt = { near: "stranger", far: "wanderer" } as const;
const unsignedAt = { near: "third", far: "fourth" } as const;

let live: LiveCase;
let leader: Person;
/** A leader on the second homeserver. */
let chief: Person;
let member: Person;
let boss: Person;
let coordination: RoomId;
let leaders: RoomId;
/** As the registrar's own account: what somebody could do who has its token. */
let registrar: AccountHttp;

beforeAll(async () => {
  live = await openLiveCase({
    others: [
      // Nobody answers there.
      '{ matrixId: "@far:nowhere.invalid", function: Prosecutor, state: FR, role: leader }',
      "{ localpart: third, function: Analyst, state: LU, role: member }",
      "{ localpart: chief, function: Prosecutor, state: RS, role: leader }",
      "{ localpart: fourth, function: Analyst, state: RS, role: member }",
    ],
    far: [leaderAt.far, strangerAt.far, unsignedAt.far],
    operators: ["boss"],
  });
  leader = await live.person("leader");
  chief = await live.person("chief");
  member = await live.person("member");
  boss = await live.person("boss");
  for (const place of places) await live.person(strangerAt[place]);
  registrar = live.session("registrar").http;
  coordination = (await leader.roomByName("coordination", { members: 5, timeout: patience }))
    .roomId;
  await member.roomByName("coordination", { members: 5, timeout: patience });
  leaders = (await leader.roomByName("leaders", { members: 4, timeout: patience })).roomId;
  await chief.roomByName("leaders", { timeout: patience });
}, 300_000);
afterAll(() => live.close());

const as = (person: Person, method: "POST" | "PUT", address: string, body: object) =>
  live.httpOf(person).json(method, address, Anything, { body });

function stateAt(room: RoomId, type: string, key = ""): string {
  return path`/_matrix/client/v3/rooms/${room}/state/${type}/${key}`;
}

const read = (room: RoomId, type: string, key = "") =>
  registrar.json("GET", stateAt(room, type, key), Anything);

const write = (room: RoomId, type: string, body: object, key = "") =>
  registrar.json("PUT", stateAt(room, type, key), Anything, { body });

async function becomes(room: RoomId, type: string, wanted: object, key = ""): Promise<void> {
  await expect
    .poll(() => read(room, type, key), { timeout: patience, interval: 250, message: type })
    .toMatchObject(wanted);
}

function alert(part: string | RegExp, room = leaders): Promise<{ readonly body: string }> {
  return leader.firstMessage(
    ({ body, kind, roomId }) => kind === "notice" && roomId === room && new RegExp(part).test(body),
    `an alert: ${part}`,
    patience,
  );
}

async function command(person: Person, room: RoomId, text: string): Promise<string> {
  return (await person.replyTo(await person.say(room, text), patience)).body;
}

const report = (part: RegExp) =>
  boss.firstMessage(
    ({ body, kind }) => kind === "notice" && part.test(body),
    `a report: ${part}`,
    patience,
  );

describe("invitations", () => {
  it("to a homeserver that does not answer hold up nobody else's", async () => {
    const invitations = () =>
      live.db
        .selectFrom("outbox")
        .select(["lane", "state"])
        .where("kind", "=", "invite")
        .where("lane", "like", "people:%")
        .execute();
    const isFar = ({ lane }: { readonly lane: string }) => lane.endsWith(":nowhere.invalid");
    const others = async () => (await invitations()).filter((row) => !isFar(row));
    await expect
      .poll(async () => (await others()).filter(({ state }) => state !== "done"), {
        timeout: patience,
      })
      .toEqual([]);
    expect((await others()).length).toBeGreaterThan(0);
    const far = (await invitations()).filter(isFar);
    expect(far.length).toBeGreaterThan(0);
    for (const { state } of far) expect(state).toBe("pending");
  });
});

function findingsOf(checked: Awaited<ReturnType<LiveCase["ask"]["case.check"]>>) {
  return checked.cases[0]?.findings.map(({ kind, state }) => `${kind} ${state}`);
}

/** Where what was left in the room so far comes from. */
const placesUntil = (place: Place) => places.slice(0, places.indexOf(place) + 1);

describe("the guard", () => {
  it("finds nothing in rooms as they were made", async () => {
    // That somebody has signed their device may still be on its way from another homeserver.
    await expect
      .poll(() => live.ask["case.check"]({}), { timeout: patience, interval: 250 })
      .toMatchObject({ asked: true, cases: [{ findings: [] }] });
    const repairs = await live.db
      .selectFrom("outbox")
      .select("transaction_id")
      .where("kind", "=", "repair-state")
      .execute();
    expect(repairs).toEqual([]);
  }, 180_000);

  it.each(places)(
    "puts right what somebody with power (%s) did while the bots were down, and tells of the rest",
    async (place) => {
      const culprit = place === "near" ? leader : chief;
      const stranger = live.userIdOf(strangerAt[place]);
      const widget = `widget-${place}`;
      const expected = await read(coordination, "m.room.join_rules");
      await live.stopBots();
      const powers = await read(coordination, "m.room.power_levels");
      const users = { ...Anything.parse(powers.users), [culprit.userId]: 100 };
      await write(coordination, "m.room.power_levels", { ...powers, users });
      // Their own homeserver decides whether they may.
      const powerKnown = async () =>
        live.httpOf(culprit).json("GET", stateAt(coordination, "m.room.power_levels"), Anything);
      await expect
        .poll(powerKnown, { timeout: patience, interval: 100 })
        .toMatchObject({ users: { [culprit.userId]: 100 } });
      const change = (type: string, body: object, key = "") =>
        as(culprit, "PUT", stateAt(coordination, type, key), body);
      await change("m.room.history_visibility", { history_visibility: "world_readable" });
      await change("m.room.join_rules", { join_rule: "public" });
      await change(
        ...(["im.vector.modular.widgets", { type: "m.custom", url: "https://x.example" }] as const),
        widget,
      );
      await as(culprit, "POST", path`/_matrix/client/v3/rooms/${coordination}/invite`, {
        user_id: stranger,
      });
      await becomes(coordination, "im.vector.modular.widgets", { type: "m.custom" }, widget);
      await becomes(coordination, "m.room.member", { membership: "join" }, stranger);
      await live.startBots();

      await becomes(coordination, "m.room.history_visibility", { history_visibility: "joined" });
      await becomes(coordination, "m.room.join_rules", expected);
      await becomes(coordination, "m.room.power_levels", { users: { [culprit.userId]: 50 } });
      await expect
        .poll(() => read(coordination, "im.vector.modular.widgets", widget), { timeout: patience })
        .toEqual({});
      expect((await alert(stranger)).body).toContain("is not on the roster");
      await alert(`a widget[^]*by ${culprit.userId}`);
      const status = await command(leader, coordination, "!case status");
      expect(status.slice(status.indexOf("Not as it must be:"))).toContain(stranger);
      const found = findingsOf(await live.ask["case.check"]({}));
      expect(found).toEqual(placesUntil(place).map(() => "stranger told"));
    },
    300_000,
  );

  it("repairs a change twice within an hour, and tells the third time instead of fighting", async () => {
    for (const topic of ["first", "second"]) {
      await write(coordination, "m.room.topic", { topic });
      await becomes(coordination, "m.room.topic", { topic: "" });
    }
    await write(coordination, "m.room.topic", { topic: "third" });
    expect((await alert("a topic was set")).body).toContain("twice within an hour");
    expect(await read(coordination, "m.room.topic")).toMatchObject({ topic: "third" });
    await write(coordination, "m.room.topic", { topic: "" });
    await expect
      .poll(async () => findingsOf(await live.ask["case.check"]({})), {
        timeout: patience,
        interval: 1_000,
      })
      .toEqual(places.map(() => "stranger told"));
  }, 300_000);

  it("follows a room that we have replaced, and lets everybody in again", async () => {
    const { replacement_room: replacement } = z
      .object({ replacement_room: RoomId })
      .parse(
        await registrar.json(
          "POST",
          path`/_matrix/client/v3/rooms/${coordination}/upgrade`,
          Anything,
          { body: { new_version: "12" } },
        ),
      );
    const roomOf = async () => {
      const rows = await live.db.selectFrom("case_room").selectAll().execute();
      return rows.find(({ kind }) => kind === "coordination")?.room_id;
    };
    await expect.poll(roomOf, { timeout: patience, interval: 250 }).toBe(replacement);
    for (const person of [leader, member]) {
      await expect
        .poll(() => person.rooms().find(({ roomId }) => roomId === replacement)?.members, {
          timeout: patience,
          interval: 250,
        })
        .toBe(5);
    }
    expect(await command(chief, replacement, "!case status")).toContain("coordination");
    expect(await command(leader, replacement, "!case status")).toContain("coordination");
    await becomes(replacement, "m.room.history_visibility", { history_visibility: "joined" });
    const space = (await live.db.selectFrom("case_room").selectAll().execute()).find(
      ({ kind }) => kind === "space",
    )?.room_id;
    if (space == null) throw new Error("no space");
    await becomes(space, "m.space.child", { suggested: true }, replacement);
    expect(await read(space, "m.space.child", coordination)).toEqual({});
    for (const person of [leader, member]) {
      await expect
        .poll(() => person.rooms().some(({ roomId }) => roomId === coordination), {
          timeout: patience,
          interval: 250,
        })
        .toBe(false);
    }
    coordination = replacement;
    await expect
      .poll(async () => findingsOf(await live.ask["case.check"]({})), {
        timeout: patience,
        interval: 1_000,
      })
      .toEqual([]);
  }, 300_000);

  it.each(places)(
    "finds devices that nobody vouches for (%s)",
    async (place) => {
      await live.person(unsignedAt[place], { crossSigned: false });
      await expect
        .poll(async () => (await live.ask["case.check"]({ reason: "test" })).cases[0]?.findings, {
          timeout: patience,
          interval: 1_000,
        })
        .toMatchObject(
          placesUntil(place).map((each) => ({
            kind: "unsigned-device",
            what: expect.stringContaining(live.userIdOf(unsignedAt[each])),
            state: "noted",
          })),
        );
    },
    180_000,
  );

  it("does not follow into a room that somebody else has made", async () => {
    const { room_id: foreign } = z
      .object({ room_id: RoomId })
      .parse(await as(member, "POST", "/_matrix/client/v3/createRoom", {}));
    await write(leaders, "m.room.tombstone", { body: "moved", replacement_room: foreign });
    expect((await alert("was replaced by")).body).toContain("not one of ours");
    const rows = await live.db.selectFrom("case_room").select("room_id").execute();
    expect(rows.map(({ room_id: roomId }) => roomId)).not.toContain(foreign);
  }, 180_000);
});

describe("the operators' room", () => {
  let operators: RoomId;

  it("was made by the bots, encrypted and closed, with the operators invited", async () => {
    operators = (await boss.roomByName("Operators", { members: 2, timeout: patience })).roomId;
    await report(/operators' room of this deployment/);
    expect(await read(operators, "m.room.join_rules")).toEqual({ join_rule: "invite" });
    await report(/Guard: JIT-[0-9A-F]{4} · coordination: @stranger:localhost:\d+ is in/);
    for (const { body } of boss.timeline(operators)) expect(body).not.toContain("HERON");
  }, 180_000);

  it("answers !bots to operators, and in no other room", async () => {
    const answered = await command(boss, operators, "!bots");
    expect(answered).toContain(`${live.config.bots.registrar} | registrar | yes`);
    expect(answered).toContain("stand by");
    expect(await command(boss, operators, "!meeting list")).toContain("only command here");
    expect(await command(leader, coordination, "!bots")).toContain("operators' room only");
  }, 300_000);

  it("is guarded: settings are put right, and whoever is no operator is taken out", async () => {
    // As somebody could who has the registrar's token: an operator gets power, and uses it.
    const powers = await read(operators, "m.room.power_levels");
    await live.stopBots();
    await write(operators, "m.room.power_levels", { ...powers, users: { [boss.userId]: 100 } });
    await as(boss, "PUT", stateAt(operators, "m.room.history_visibility"), {
      history_visibility: "shared",
    });
    await as(boss, "POST", path`/_matrix/client/v3/rooms/${operators}/invite`, {
      user_id: leader.userId,
    });
    await becomes(operators, "m.room.member", { membership: "join" }, leader.userId);
    await live.startBots();
    await becomes(operators, "m.room.history_visibility", { history_visibility: "joined" });
    await becomes(operators, "m.room.power_levels", { users: {} });
    await becomes(operators, "m.room.member", { membership: "leave" }, leader.userId);
    const told = await report(new RegExp(`Guard: this room: ${leader.userId} is in the room`));
    expect(told.roomId).toBe(operators);
    await expect
      .poll(async () => (await live.ask["case.check"]({})).operators, {
        timeout: patience,
        interval: 1_000,
      })
      .toEqual([]);
  }, 300_000);

  it("goes on in the room that the registrar's account replaces it by", async () => {
    const { replacement_room: replacement } = z
      .object({ replacement_room: RoomId })
      .parse(
        await registrar.json(
          "POST",
          path`/_matrix/client/v3/rooms/${operators}/upgrade`,
          Anything,
          { body: { new_version: "12" } },
        ),
      );
    await expect
      .poll(async () => (await findManagement(live.db))?.roomId, { timeout: patience })
      .toBe(replacement);
    await expect
      .poll(() => boss.rooms().find(({ roomId }) => roomId === replacement)?.members, {
        timeout: patience,
        interval: 250,
      })
      .toBe(2);
    operators = replacement;
    expect(await command(boss, operators, "!bots")).toContain("stand by");
  }, 300_000);

  it("is told once of a step that was given up, with what can be done about it", async () => {
    const cases = await live.db.selectFrom("case_file").select("id").execute();
    const caseId = cases[0]?.id;
    if (caseId === undefined) throw new Error("no case");
    expect((await listCaseRooms(live.db, caseId)).length).toBeGreaterThan(0);
    await live.db.transaction().execute((transaction) =>
      enqueueStep(transaction, live.vault.system, systemClock.now(), {
        ...{ account: live.config.bots.registrar, lane: "lost", caseId: undefined },
        step: { kind: "join", room: { caseRoomId: newId(CaseRoomId) } },
        ...{ cause: randomBytes(4).toString("hex"), slot: "join" },
      }),
    );
    await live.ask["case.check"]({});
    const told = await report(/was given up[\s\S]*step\.room-unknown/);
    expect(told.body).toMatch(/rogatory outbox retry \d+/);
    expect(told.roomId).toBe((await findManagement(live.db))?.roomId);
  }, 180_000);

  it("is told of a message that comes again", async () => {
    const eventId = await leader.say(coordination, "good morning");
    await member.reads(eventId, patience);
    const event = Anything.parse(
      await registrar.json(
        "GET",
        path`/_matrix/client/v3/rooms/${coordination}/event/${eventId}`,
        Anything,
      ),
    );
    await as(
      leader,
      "PUT",
      path`/_matrix/client/v3/rooms/${coordination}/send/m.room.encrypted/again`,
      Anything.parse(event.content),
    );
    expect((await report(/came again/)).body).toMatch(/^JIT-[0-9A-F]{4} · coordination/);
  }, 180_000);
});
