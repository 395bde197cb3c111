import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listPeople } from "../../../src/db/repositories/cases.ts";
import { listFindings } from "../../../src/db/repositories/guard-findings.ts";
import { planManagement } from "../../../src/db/repositories/management.ts";
import { saveRoomState } from "../../../src/db/repositories/room-state.ts";
import { saveMembership } from "../../../src/db/repositories/rooms.ts";
import type { Case } from "../../../src/domain/case/case.ts";
import type { StateFact } from "../../../src/domain/guard/room-state.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import { checkCase, type UnsignedDevices } from "../../../src/services/guard/check-case.ts";
import { expectRoom } from "../../../src/services/guard/expectation.ts";
import { seatsOfCase } from "../../../src/services/member/case-seats.ts";
import type { CaseWork } from "../../../src/services/work.ts";
import { type CaseHarness, caseOf, harnessBots } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

const start = Temporal.Instant.from("2026-12-01T09:00:00Z");
const coordination = RoomId.parse("!coordination");
const leaders = RoomId.parse("!leaders");
const id = (name: string) => UserId.parse(`@${name}:rogatory.localhost`);

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  await harness.db.transaction().execute((transaction) => planManagement(transaction));
  await inCase(start, async (work, of) => {
    for (const [roomId, facts] of await factsAsMade(work, of)) {
      await saveRoomState(work.db, roomId, facts);
    }
  });
  rewind = await rememberRows(harness.db);
});
beforeEach(() => rewind());
afterAll(() => harness.close());

async function inCase<T>(
  now: Temporal.Instant,
  does: (work: CaseWork, of: Case) => Promise<T>,
): Promise<T> {
  const { db, vault } = harness;
  const { case: of, seal } = await caseOf(harness);
  const actor = { kind: "bot", bot: "registrar" } as const;
  return db
    .transaction()
    .execute((transaction) =>
      does({ db: transaction, vault, now, caseId: of.id, seal, actor }, of),
    );
}

/** What the homeserver says of rooms in which nothing has been changed. */
async function factsAsMade(
  work: CaseWork,
  of: Case,
): Promise<readonly (readonly [RoomId, StateFact[]])[]> {
  const people = await listPeople(work.db, work.seal, work.caseId);
  return (await seatsOfCase(work, of)).flatMap((seat) => {
    const { roomId } = seat.room;
    if (roomId === undefined) return [];
    const { state } = expectRoom(seat, {
      case: of,
      bots: harnessBots,
      people,
      barred: [],
      space: undefined,
    });
    const facts = state.map(({ type, content }) => fact(type, content, `$made-${type}`));
    return [[roomId, facts] as const];
  });
}

function fact(type: string, content: object, eventId: string, stateKey = ""): StateFact {
  return { type, stateKey, content: { ...content }, sender: "@who:x", eventId };
}

function change(roomId: RoomId, type: string, content: object, eventId: string) {
  return inCase(start, (work) => saveRoomState(work.db, roomId, [fact(type, content, eventId)]));
}

const join = (roomId: RoomId, name: string, membership = "join") =>
  inCase(start, (work) => saveMembership(work.db, roomId, id(name), membership));

async function look(minutes = 0, devices?: UnsignedDevices): Promise<readonly string[]> {
  return inCase(start.add({ minutes }), async (work, of) => {
    await checkCase(work, { case: of, bots: harnessBots }, devices);
    const findings = await listFindings(work.db, work.caseId);
    return findings
      .filter(({ endedAt }) => endedAt === undefined)
      .map(({ roomId, kind, subject }) => `${roomId} ${kind} ${subject}`.trim());
  });
}

async function steps(kind: string) {
  const all = await openedSteps(harness.db, harness.vault, harness.caseId);
  return all.filter(({ step }) => step.kind === kind);
}

async function alerts(): Promise<readonly string[]> {
  return (await steps("send")).flatMap(({ step, lane }) =>
    step.kind === "send" && lane.startsWith("alert:") ? [String(step.content.body)] : [],
  );
}

const reports = async () =>
  (await harness.db.selectFrom("outbox").select("lane").execute()).filter(
    ({ lane }) => lane === "management",
  ).length;

describe("a look at the rooms of a case", () => {
  it("finds nothing where nothing was changed, and judges no room of which nothing is known", async () => {
    await join(coordination, "nightjar-ro-pros");
    await join(coordination, "rogatory_clerk");
    expect(await look()).toEqual([]);
    await harness.db.deleteFrom("room_state").where("room_id", "=", coordination).execute();
    await join(coordination, "stranger");
    expect(await look()).toEqual([]);
    expect(await steps("repair-state")).toEqual([]);
  });

  it("repairs a change once, twice, and then tells the leaders and the operators", async () => {
    const wrong = { history_visibility: "world_readable" };
    const right = { history_visibility: "joined" };
    const type = "m.room.history_visibility";
    for (const [count, minutes] of [0, 10].entries()) {
      await change(coordination, type, wrong, `$wrong-${count}`);
      expect(await look(minutes)).toEqual(["!coordination history-visibility"]);
      // As often as somebody looks: one change, one repair.
      await look(minutes + 1);
      expect(await steps("repair-state")).toHaveLength(count + 1);
      await change(coordination, type, right, `$right-${count}`);
      expect(await look(minutes + 2)).toEqual([]);
    }
    expect(await alerts()).toEqual([]);
    await change(coordination, type, wrong, "$wrong-3");
    await look(20);
    await look(30);
    expect(await steps("repair-state")).toHaveLength(2);
    const [alert, ...others] = await alerts();
    expect(others).toEqual([]);
    expect(alert).toMatch(/^TEST-0001 · coordination: who may read older messages.*@who:x/);
    expect(alert).toContain("twice within an hour");
    expect(await reports()).toBe(1);
    const to = (await steps("send")).at(-1)?.step;
    const rooms = await harness.db.selectFrom("case_room").selectAll().execute();
    expect(to).toMatchObject({
      room: { caseRoomId: rooms.find(({ kind }) => kind === "leaders")?.id },
    });
    const acts = await harness.db.selectFrom("journal").select("act").execute();
    expect(acts.filter(({ act }) => act.startsWith("guard.")).map(({ act }) => act)).toEqual([
      ...["guard.repair", "guard.repair", "guard.tell"],
    ]);
  });

  it("repairs powers in the lane of the room's powers, and never while they are being changed", async () => {
    await harness.ask("nightjar-be-ij", "coordination", "!member role @nightjar-be-police leader");
    expect(await look()).toEqual([]);
    await harness.db.updateTable("outbox").set({ state: "done" }).execute();
    // The homeserver has not told of it yet, or somebody has undone it.
    expect(await look()).toContain("!coordination powers");
    const [repair] = await steps("repair-state");
    expect(repair?.lane).toMatch(/^power:/);
  });

  it("lets a bot leave a room in which it has nothing to do, by its own account", async () => {
    await join(coordination, "rogatory_scribe");
    expect(await look()).toEqual(["!coordination bot @rogatory_scribe:rogatory.localhost"]);
    expect(await steps("leave")).toMatchObject([{ step: { room: { roomId: coordination } } }]);
    const accounts = harness.db.selectFrom("outbox").select("account").where("kind", "=", "leave");
    expect(await accounts.execute()).toEqual([{ account: harnessBots.scribe }]);
    expect(await alerts()).toEqual([]);
  });

  it("tells of people with a seat whom somebody has taken out, and leaves it at that", async () => {
    const leader = id("nightjar-ro-pros");
    await inCase(start, (work) =>
      saveMembership(work.db, coordination, id("nightjar-europol"), "ban", leader),
    );
    expect(await look()).toEqual(["!coordination taken-out @nightjar-europol:rogatory.localhost"]);
    expect(await alerts()).toEqual([
      expect.stringMatching(/was taken out of it, by @nightjar-ro-pros:[\s\S]*I bring nobody back/),
    ]);
    expect(await steps("invite")).toEqual([]);
    await join(coordination, "nightjar-europol", "invite");
    expect(await look(5)).toEqual([]);
  });

  it("leaves alone who is not on the roster or has no seat, and says so once while it lasts", async () => {
    await join(coordination, "stranger", "invite");
    await join(leaders, "nightjar-europol");
    expect(await look()).toEqual([
      "!leaders no-seat @nightjar-europol:rogatory.localhost",
      "!coordination stranger @stranger:rogatory.localhost",
    ]);
    await look(5);
    expect(await alerts()).toHaveLength(2);
    expect(await steps("kick")).toEqual([]);
    await join(coordination, "stranger", "leave");
    expect(await look(6)).toHaveLength(1);
    await join(coordination, "stranger");
    await look(7);
    expect(await alerts()).toHaveLength(3);
    expect((await alerts()).join()).not.toContain("NIGHTJAR");
  });

  it("takes out who was removed and is in a room again", async () => {
    await harness.ask("nightjar-ro-pros", "coordination", "!member remove @nightjar-europol");
    await harness.db.updateTable("outbox").set({ state: "done" }).execute();
    const before = (await steps("kick")).length;
    await join(coordination, "nightjar-europol");
    expect(await look()).toEqual(["!coordination barred @nightjar-europol:rogatory.localhost"]);
    expect(await steps("kick")).toHaveLength(before + 1);
  });

  it("speaks of a room outside the space in that room alone", async () => {
    await harness.ask("nightjar-ro-pros", "coordination", "!case bilateral RO BE");
    const room = RoomId.parse("!bilateral");
    await harness.db
      .updateTable("case_room")
      .set({ room_id: room })
      .where("kind", "=", "bilateral")
      .execute();
    await inCase(start, async (work, of) => {
      for (const [roomId, facts] of await factsAsMade(work, of)) {
        if (roomId === room) await saveRoomState(work.db, roomId, facts);
      }
    });
    await join(room, "nightjar-nl-pros");
    await look();
    const rooms = await harness.db.selectFrom("case_room").selectAll().execute();
    const bilateral = rooms.find(({ kind }) => kind === "bilateral")?.id;
    expect((await steps("send")).map(({ lane }) => lane)).toContain(`alert:${bilateral}`);
    const status = await harness.ask("nightjar-ro-pros", "coordination", "!case status");
    expect(status).not.toContain("Not as it must be");
  });

  it("tells of a device that nobody vouches for when it has stayed so, in one room", async () => {
    await join(coordination, "nightjar-be-ij");
    await join(leaders, "nightjar-be-ij");
    const devices = new Map([[id("nightjar-be-ij"), ["NEW"]]]);
    expect(await look(0, devices)).toEqual([
      "!coordination unsigned-device @nightjar-be-ij:rogatory.localhost",
    ]);
    expect(await alerts()).toEqual([]);
    // A look that does not ask for devices says nothing about them.
    expect(await look(5)).toHaveLength(1);
    await look(60, devices);
    expect((await alerts()).join()).toContain("a device that they have not verified");
    expect(await look(120, new Map())).toEqual([]);
  });
});
