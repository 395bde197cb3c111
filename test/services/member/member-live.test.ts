import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { RoomMessage } from "../../../src/dev/people/message.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import type { RoomId } from "../../../src/domain/ids.ts";
import { path } from "../../../src/matrix/http.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

const patience = 120_000;

let live: LiveCase;
let leader: Person;
let member: Person;
let third: Person;
let coordination: RoomId;

beforeAll(async () => {
  live = await openLiveCase(undefined, [
    "{ localpart: third, function: Prosecutor, state: LU, role: leader }",
  ]);
  leader = await live.person("leader");
  member = await live.person("member");
  third = await live.person("third");
  for (const person of [leader, member, third]) {
    coordination = (await person.roomByName("coordination", { members: 5, timeout: patience }))
      .roomId;
  }
}, 300_000);
afterAll(() => live.close());

/** A request with a person's own token. */
async function get(person: Person, address: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${live.homeserver.url}/_matrix/client${address}`, {
    headers: { authorization: `Bearer ${live.accessTokenOf(person)}` },
  });
  return { status: response.status, body: await response.json() };
}

async function command(person: Person, roomId: RoomId, text: string): Promise<string> {
  return (await person.replyTo(await person.say(roomId, text), patience)).body;
}

async function powerOf(userId: string): Promise<number> {
  const { body } = await get(leader, path`/v3/rooms/${coordination}/state/m.room.power_levels/`);
  return z.object({ users: z.record(z.string(), z.number()) }).parse(body).users[userId] ?? 0;
}

function until(holds: () => boolean | Promise<boolean>, waitedFor: string): Promise<void> {
  return expect.poll(holds, { timeout: patience, interval: 250, message: waitedFor }).toBe(true);
}

async function pinned(person: Person): Promise<readonly string[]> {
  const { body } = await get(person, path`/v3/rooms/${coordination}/state/m.room.pinned_events/`);
  return z.object({ pinned: z.array(z.string()) }).parse(body).pinned;
}

const isBoard = ({ body, kind, roomId }: RoomMessage) =>
  kind === "notice" && roomId === coordination && body.startsWith("Board of HERON");

/** The boards that were posted, without their edits, as a person has read them. */
function boardsRead(person: Person): readonly string[] {
  return person
    .timeline(coordination)
    .filter((message) => isBoard(message) && message.relations.length === 0)
    .map(({ eventId }) => eventId);
}

describe("people of a case", () => {
  let newcomer: Person;
  let ownPin: string;

  it("are welcomed in a message that they can read, though they came after the room was made", async () => {
    for (const person of [leader, member]) {
      const welcome = await person.firstMessage(
        ({ kind, body, roomId }) =>
          kind === "notice" &&
          roomId === coordination &&
          body.includes("coordination room of HERON"),
        "the welcome",
        patience,
      );
      expect(welcome.encrypted).toBe(true);
      expect(welcome.sender).toContain("registrar");
    }
  }, 180_000);

  it("read a board that is pinned beside what they pin, and edited in place", async () => {
    const board = await leader.firstMessage(isBoard, "the board", patience);
    expect(board).toMatchObject({ encrypted: true, relations: [] });
    expect(board.sender).toContain("clerk");
    await until(async () => (await pinned(leader)).includes(board.eventId), "the pinned board");
    ownPin = await leader.say(coordination, "worth keeping");
    await fetch(
      `${live.homeserver.url}/_matrix/client${path`/v3/rooms/${coordination}/state/m.room.pinned_events/`}`,
      {
        method: "PUT",
        headers: { authorization: `Bearer ${live.accessTokenOf(leader)}` },
        body: JSON.stringify({ pinned: [ownPin, board.eventId] }),
      },
    );
    expect(await command(leader, coordination, "!action add @NL seize the registers")).toContain(
      "A-001",
    );
    for (const person of [leader, member]) {
      const edit = await person.firstMessage(
        (message) => isBoard(message) && message.body.includes("seize the registers"),
        "the edit of the board",
        patience,
      );
      expect(edit.relations).toEqual([{ kind: "edit", eventId: board.eventId }]);
      expect(boardsRead(person)).toEqual([board.eventId]);
    }
    expect(await pinned(leader)).toEqual([ownPin, board.eventId]);
  }, 300_000);

  it("are added by a leader, and read what is said from then on", async () => {
    newcomer = await live.person("newcomer");
    const before = await leader.say(coordination, "said before");
    expect(
      await command(
        leader,
        coordination,
        '!member add @newcomer:rogatory.localhost member LU "Financial analyst"',
      ),
    ).toContain("Who: Financial analyst (LU)");
    await newcomer.roomByName("coordination", { members: 6, timeout: patience });
    await leader.roomByName("coordination", { members: 6, timeout: patience });
    const said = await leader.say(coordination, "good morning");
    expect((await newcomer.reads(said, patience)).body).toBe("good morning");
    expect(newcomer.timeline(coordination).map(({ eventId }) => eventId)).not.toContain(before);
    expect(await command(newcomer, coordination, "!case status")).toContain("coordination");
  }, 300_000);

  it("read the board, posted and pinned anew once, though the bots were stopped in between", async () => {
    const [former = ""] = boardsRead(leader);
    await live.stopBots();
    await live.startBots();
    const anew = await newcomer.firstMessage(isBoard, "the board", patience);
    expect(anew.body).toContain("seize the registers");
    expect(anew.eventId).not.toBe(former);
    await until(async () => (await pinned(leader)).includes(anew.eventId), "the pinned board");
    expect(await pinned(leader)).toEqual([ownPin, anew.eventId]);
    expect(await command(leader, coordination, "!action done A-001")).toContain("done");
    const edit = await newcomer.firstMessage(
      (message) => isBoard(message) && message.body.includes("nothing on it yet"),
      "the edit of the new board",
      patience,
    );
    expect(edit.relations).toEqual([{ kind: "edit", eventId: anew.eventId }]);
    expect(boardsRead(newcomer)).toEqual([anew.eventId]);
    expect(boardsRead(leader)).toEqual([former, anew.eventId]);
  }, 300_000);

  it("get the powers and rooms of another role, and lose them again", async () => {
    await command(third, coordination, "!member role @newcomer leader");
    await newcomer.roomByName("leaders", { timeout: patience });
    await until(async () => (await powerOf(newcomer.userId)) === 50, "the power of a leader");
    await command(leader, coordination, "!member role @newcomer member");
    await until(async () => (await powerOf(newcomer.userId)) === 0, "no power");
    await until(
      () => !newcomer.rooms().some(({ name }) => name.endsWith("leaders")),
      "the end of the leaders' room",
    );
    expect(await powerOf(leader.userId)).toBe(50);
  }, 300_000);

  it("are in no room any more once they are removed, read nothing and command nothing", async () => {
    expect(await command(leader, coordination, "!member remove @newcomer")).toContain("is removed");
    await until(() => newcomer.rooms().length === 0, "the end of all rooms");
    const said = await leader.say(coordination, "said after the removal");
    await member.reads(said, patience);
    const answered = await leader.replyTo(await leader.say(coordination, "!help"), patience);
    for (const eventId of [said, answered.eventId]) {
      const event = await get(newcomer, path`/v3/rooms/${coordination}/event/${eventId}`);
      expect(event.status).toBeGreaterThanOrEqual(400);
      expect(newcomer.timeline(coordination).map((message) => message.eventId)).not.toContain(
        eventId,
      );
    }
    await expect(newcomer.say(coordination, "!help")).rejects.toThrow();
  }, 300_000);
});

describe("a bilateral room", () => {
  it("is seen by the people of its two States and by nobody else", async () => {
    const answer = await command(leader, coordination, "!case bilateral BE NL");
    expect(answer).not.toContain("· b-");
    const rows = await live.db.selectFrom("case_room").select("label").execute();
    const label = rows.flatMap((row) => row.label ?? []).join();
    expect(label).toMatch(/^b-[0-9a-f]{3}$/);
    const { roomId } = await member.roomByName(`· ${label}`, { members: 4, timeout: patience });
    await leader.roomByName(`· ${label}`, { members: 4, timeout: patience });
    const said = await leader.say(roomId, "between the two of us");
    expect((await member.reads(said, patience)).body).toBe("between the two of us");

    const space = third.rooms().find(({ isSpace }) => isSpace);
    expect(space).toBeDefined();
    const hierarchy = await get(third, path`/v1/rooms/${space?.roomId ?? ""}/hierarchy`);
    expect(hierarchy.status).toBe(200);
    expect(JSON.stringify(hierarchy.body)).toContain(coordination);
    expect(JSON.stringify(hierarchy.body)).not.toContain(roomId);
    const sync = await get(third, "/v3/sync?full_state=true&timeout=0");
    expect(JSON.stringify(sync.body)).not.toContain(roomId);
    expect((await get(third, path`/v3/rooms/${roomId}/state`)).status).toBe(403);
    expect(third.rooms().map(({ name }) => name)).not.toContainEqual(
      expect.stringContaining(label),
    );
    expect(await command(third, coordination, "!case status")).not.toContain(label);
    expect(await command(leader, coordination, "!case bilateral NL BE")).toBe(answer);
  }, 300_000);
});
