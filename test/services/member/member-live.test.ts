import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { RoomMessage } from "../../../src/dev/people/message.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import type { RoomId } from "../../../src/domain/ids.ts";
import { HomeserverError, path } from "../../../src/matrix/http.ts";
import { type LiveCase, openLiveCase, places } from "../../support/live-case.ts";

const patience = 120_000;

/** First parts of the Matrix ids of those who are added, by where they live. */
const newcomerAt = { near: "newcomer", far: "arrival" } as const;

let live: LiveCase;
let leader: Person;
let member: Person;
/** Another one from the member's State, on the second homeserver. */
let colleague: Person;
/** Leaders of other States, here and there. */
let third: Person;
let fourth: Person;
let coordination: RoomId;
/** What the leader has pinned beside the board. */
let ownPin: string;

beforeAll(async () => {
  live = await openLiveCase({
    others: [
      "{ localpart: colleague, function: Investigator, state: NL, role: member }",
      "{ localpart: third, function: Prosecutor, state: LU, role: leader }",
      "{ localpart: fourth, function: Prosecutor, state: RS, role: leader }",
    ],
    far: ["colleague", "fourth", newcomerAt.far],
  });
  leader = await live.person("leader");
  member = await live.person("member");
  third = await live.person("third");
  colleague = await live.person("colleague");
  fourth = await live.person("fourth");
  for (const person of [leader, member, third]) {
    coordination = (await person.roomByName("coordination", { members: 7, timeout: patience }))
      .roomId;
  }
  for (const person of [colleague, fourth]) {
    await person.roomByName("coordination", { timeout: patience });
  }
}, 300_000);
afterAll(() => live.close());

/** A request with a person's own token. */
async function get(person: Person, address: string): Promise<{ status: number; body: unknown }> {
  try {
    const http = live.httpOf(person);
    return { status: 200, body: await http.json("GET", `/_matrix/client${address}`, z.unknown()) };
  } catch (error) {
    if (!(error instanceof HomeserverError)) throw error;
    return { status: error.status, body: undefined };
  }
}

async function command(person: Person, roomId: RoomId, text: string): Promise<string> {
  return (await person.replyTo(await person.say(roomId, text), patience)).body;
}

async function powerOf(userId: string): Promise<number> {
  const { body } = await get(leader, path`/v3/rooms/${coordination}/state/m.room.power_levels/`);
  return z.object({ users: z.record(z.string(), z.number()) }).parse(body).users[userId] ?? 0;
}

const Encrypted = z.object({ content: z.object({ session_id: z.string() }) });

/** Which keys the leader and the registrar encrypt with when they say something now. */
async function keysOfTalk(): Promise<ReadonlySet<string>> {
  const asked = await leader.say(coordination, "!member list");
  const { eventId } = await leader.replyTo(asked, patience);
  const events = [asked, eventId].map((id) =>
    get(leader, path`/v3/rooms/${coordination}/event/${id}`),
  );
  const bodies = (await Promise.all(events)).map(({ body }) => Encrypted.parse(body));
  return new Set(bodies.map(({ content }) => content.session_id));
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
  it("are welcomed in a message that they can read, though they came after the room was made", async () => {
    for (const person of [leader, member, colleague]) {
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
    await live
      .httpOf(leader)
      .json(
        "PUT",
        path`/_matrix/client/v3/rooms/${coordination}/state/m.room.pinned_events/`,
        z.unknown(),
        { body: { pinned: [ownPin, board.eventId] } },
      );
    expect(await command(leader, coordination, "!action add @NL seize the registers")).toContain(
      "A-001",
    );
    for (const person of [leader, member, colleague]) {
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
});

describe("whoever adds a person", () => {
  it("is told that the homeserver knows no such account, and how to undo it", async () => {
    const { serverName } = live.homeserver;
    const misspelled = `@newcomr:${serverName}`;
    const answer = await command(
      leader,
      coordination,
      `!member add ${misspelled} member LU "Financial analyst"`,
    );
    expect(answer).toContain(`The homeserver knows no account of ${misspelled}`);
    const [undo] = /!member remove \S+/.exec(answer) ?? [];
    expect(await command(leader, coordination, undo ?? "no way back")).toContain("is removed");
  }, 180_000);
});

describe.each(places)("people of a case who come later (%s)", (place) => {
  let newcomer: Person;

  it("are added by a leader, and read what is said from then on", async () => {
    newcomer = await live.person(newcomerAt[place]);
    const before = await leader.say(coordination, "said before");
    const answer = await command(
      leader,
      coordination,
      `!member add ${newcomer.userId} member LU "Financial analyst"`,
    );
    expect(answer).toContain("Who: Financial analyst (LU)");
    expect(answer).not.toContain("knows no account");
    await newcomer.roomByName("coordination", { timeout: patience });
    await leader.roomByName("coordination", { members: 8, timeout: patience });
    const said = await leader.say(coordination, "good morning");
    expect((await newcomer.reads(said, patience)).body).toBe("good morning");
    expect(newcomer.timeline(coordination).map(({ eventId }) => eventId)).not.toContain(before);
    expect(await command(newcomer, coordination, "!case status")).toContain("coordination");
  }, 300_000);

  it("read the board, posted and pinned anew once, though the bots were stopped in between", async () => {
    const before = boardsRead(leader);
    await live.stopBots();
    await live.startBots();
    const anew = await newcomer.firstMessage(isBoard, "the board", patience);
    expect(anew.body).toContain("seize the registers");
    expect(before).not.toContain(anew.eventId);
    await until(async () => (await pinned(leader)).includes(anew.eventId), "the pinned board");
    expect(await pinned(leader)).toEqual([ownPin, anew.eventId]);
    await command(leader, coordination, `!action add @NL greet those who live ${place}`);
    const edit = await newcomer.firstMessage(
      (message) => isBoard(message) && message.body.includes(`who live ${place}`),
      "the edit of the new board",
      patience,
    );
    expect(edit.relations).toEqual([{ kind: "edit", eventId: anew.eventId }]);
    expect(boardsRead(newcomer)).toEqual([anew.eventId]);
    expect(boardsRead(leader)).toEqual([...before, anew.eventId]);
  }, 300_000);

  it("get the powers and rooms of another role, and lose them again", async () => {
    await command(third, coordination, `!member role @${newcomerAt[place]} leader`);
    await newcomer.roomByName("leaders", { timeout: patience });
    await until(async () => (await powerOf(newcomer.userId)) === 50, "the power of a leader");
    await command(third, coordination, `!member role @${newcomerAt[place]} member`);
    await until(async () => (await powerOf(newcomer.userId)) === 0, "no power");
    await until(
      () => !newcomer.rooms().some(({ name }) => name.endsWith("leaders")),
      "the end of the leaders' room",
    );
    expect(await powerOf(leader.userId)).toBe(50);
  }, 300_000);

  it("are in no room any more once they are removed, read nothing and command nothing", async () => {
    const formerKeys = await keysOfTalk();
    const removing = `!member remove @${newcomerAt[place]}`;
    expect(await command(leader, coordination, removing)).toContain("is removed");
    await until(() => newcomer.rooms().length === 0, "the end of all rooms");
    const said = await leader.say(coordination, "said after the removal");
    for (const person of [member, colleague]) await person.reads(said, patience);
    const answered = await leader.replyTo(await leader.say(coordination, "!help"), patience);
    // Whatever of it they may get hold of, they have no key to it.
    expect(formerKeys.intersection(await keysOfTalk()).size).toBe(0);
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
    const { roomId } = await member.roomByName(`· ${label}`, { members: 5, timeout: patience });
    await leader.roomByName(`· ${label}`, { members: 5, timeout: patience });
    await colleague.roomByName(`· ${label}`, { timeout: patience });
    const said = await leader.say(roomId, "between the two of us");
    for (const person of [member, colleague]) {
      expect((await person.reads(said, patience)).body).toBe("between the two of us");
    }

    for (const outsider of [third, fourth]) {
      const space = outsider.rooms().find(({ isSpace }) => isSpace);
      expect(space).toBeDefined();
      const hierarchy = await get(outsider, path`/v1/rooms/${space?.roomId ?? ""}/hierarchy`);
      expect(hierarchy.status).toBe(200);
      expect(JSON.stringify(hierarchy.body)).toContain(coordination);
      expect(JSON.stringify(hierarchy.body)).not.toContain(roomId);
      const sync = await get(outsider, "/v3/sync?full_state=true&timeout=0");
      expect(JSON.stringify(sync.body)).not.toContain(roomId);
      expect((await get(outsider, path`/v3/rooms/${roomId}/state`)).status).toBe(403);
      const names = outsider.rooms().map(({ name }) => name);
      expect(names).not.toContainEqual(expect.stringContaining(label));
      expect(await command(outsider, coordination, "!case status")).not.toContain(label);
    }
    expect(await command(leader, coordination, "!case bilateral NL BE")).toBe(answer);
  }, 300_000);
});
