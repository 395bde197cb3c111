import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Account, registerAccount } from "../../src/dev/homeserver/accounts.ts";
import type { Person } from "../../src/dev/people/person.ts";
import { EventId, RoomId } from "../../src/domain/ids.ts";
import { AccountHttp, HomeserverError, path } from "../../src/matrix/http.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";

const patience = 120_000;
const Anything = z.record(z.string(), z.unknown());
const Created = z.object({ room_id: RoomId });

let live: LiveCase;
let leader: Person;
let removed: Person;
let administrator: AccountHttp;
/** All rooms of the case HERON. */
let rooms: readonly RoomId[];
let secret: EventId;

beforeAll(async () => {
  live = await openLiveCase();
  await live.ask["case.new"]({
    yaml: `
template: jit
name: OSPREY
timeZone: Europe/Brussels
roster:
  - { localpart: outsider, function: Prosecutor, state: FR, role: leader }
`,
    fileName: "case.yaml",
    cause: randomBytes(8).toString("hex"),
  });
  const root = await registerAccount(live.homeserver, { localpart: "root", admin: true });
  administrator = new AccountHttp(live.homeserver.url, root.accessToken);
  leader = await live.person("leader");
  removed = await live.person("member");
  const first = await leader.roomByName("coordination", { timeout: patience });
  // Space, coordination, leaders and notices.
  await vi.waitUntil(() => leader.rooms().length === 4, { timeout: patience, interval: 100 });
  rooms = [first.roomId, ...leader.rooms().map(({ roomId }) => roomId)];
  const coordination = await removed.roomByName("coordination", { timeout: patience });
  await removed.replyTo(await removed.say(coordination.roomId, "!action list"), patience);
  const answered = await leader.say(coordination.roomId, `!member remove ${removed.userId}`);
  await leader.replyTo(answered, patience);
  await vi.waitUntil(() => removed.rooms().length === 0, { timeout: patience, interval: 100 });
  secret = await leader.say(coordination.roomId, "what nobody else may read");
  await leader.reads(secret);
}, 300_000);
afterAll(() => live?.close());

async function refusedWith(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 200;
  } catch (error) {
    if (error instanceof HomeserverError) return error.status;
    throw error;
  }
}

function coordinationRoom(): RoomId {
  const [first] = rooms;
  if (first === undefined) throw new Error("there is no room");
  return first;
}

async function cannotEnter(http: AccountHttp): Promise<void> {
  for (const roomId of rooms) {
    const join = http.json("POST", path`/_matrix/client/v3/join/${roomId}`, Anything, { body: {} });
    expect(await refusedWith(join)).toBe(403);
    const knock = http.json("POST", path`/_matrix/client/v3/knock/${roomId}`, Anything, {
      body: {},
    });
    expect(await refusedWith(knock)).toBe(403);
  }
}

async function cannotRead(http: AccountHttp): Promise<void> {
  for (const roomId of rooms) {
    const room = path`/_matrix/client/v3/rooms/${roomId}`;
    for (const what of ["state", "members", "joined_members", "messages"]) {
      const read = http.json("GET", `${room}/${what}`, z.unknown(), { query: { dir: "b" } });
      expect(await refusedWith(read), what).toBe(403);
    }
    const hierarchy = http.json(
      "GET",
      path`/_matrix/client/v1/rooms/${roomId}/hierarchy`,
      Anything,
    );
    expect(await refusedWith(hierarchy)).toBe(403);
  }
}

async function cannotSee(http: AccountHttp, event: EventId): Promise<void> {
  const one = path`/_matrix/client/v3/rooms/${coordinationRoom()}/event/${event}`;
  expect([403, 404]).toContain(await refusedWith(http.json("GET", one, Anything)));
}

describe("somebody with an account, but on no roster", () => {
  let stranger: Account;
  let http: AccountHttp;
  beforeAll(async () => {
    stranger = await registerAccount(live.homeserver, { localpart: "stranger" });
    http = new AccountHttp(live.homeserver.url, stranger.accessToken);
  });

  it("can neither enter a room of the case nor read it", async () => {
    await cannotEnter(http);
    await cannotRead(http);
    await cannotSee(http, secret);
  });

  it("gets no bot into a room of their own", async () => {
    const { room_id: own } = await http.json("POST", "/_matrix/client/v3/createRoom", Created, {
      body: { preset: "private_chat", invite: Object.values(live.config.bots) },
    });
    // The bots have handled what came after the invitation.
    const { roomId } = await leader.roomByName("coordination");
    await leader.replyTo(await leader.say(roomId, "!action list"), patience);
    await leader.replyTo(await leader.say(roomId, "!case status"), patience);
    const { joined } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${own}/joined_members`,
      z.object({ joined: z.record(z.string(), z.unknown()) }),
    );
    expect(Object.keys(joined)).toEqual([stranger.userId]);
  });
});

describe("a member of another case", () => {
  it("can neither enter a room of this one nor read it", async () => {
    const outsider = await live.person("outsider");
    await outsider.roomByName("coordination", { timeout: patience });
    const http = new AccountHttp(live.homeserver.url, live.accessTokenOf(outsider));
    await cannotEnter(http);
    await cannotRead(http);
    await cannotSee(http, secret);
    // Commands speak of the outsider's own case.
    const { roomId } = await outsider.roomByName("coordination");
    const answer = await outsider.replyTo(await outsider.say(roomId, "!case status"), patience);
    expect(answer.body).not.toContain("HERON");
  });
});

describe("a removed member", () => {
  it("can neither come back nor read what followed", async () => {
    const http = new AccountHttp(live.homeserver.url, live.accessTokenOf(removed));
    await cannotEnter(http);
    await cannotSee(http, secret);
    const { chunk } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${coordinationRoom()}/messages`,
      z.object({ chunk: z.array(z.object({ event_id: EventId })) }),
      { query: { dir: "b", limit: "100" } },
    );
    expect(chunk.map(({ event_id }) => event_id)).not.toContain(secret);
  });

  it("commands nothing: what they would send is refused by the homeserver", async () => {
    const http = new AccountHttp(live.homeserver.url, live.accessTokenOf(removed));
    const send = http.json(
      "PUT",
      path`/_matrix/client/v3/rooms/${coordinationRoom()}/send/m.room.message/1`,
      Anything,
      { body: { msgtype: "m.text", body: "!action list" } },
    );
    expect(await refusedWith(send)).toBe(403);
  });
});

describe("a case's real name", () => {
  it("stands in nothing that the homeserver shows to anybody, its administrator included", async () => {
    const shown: unknown[] = [];
    const list = z.object({ rooms: z.array(Created) });
    const all = await administrator.json("GET", "/_synapse/admin/v1/rooms", list);
    shown.push(await administrator.json("GET", "/_synapse/admin/v1/rooms", z.unknown()));
    shown.push(await administrator.json("GET", "/_synapse/admin/v2/users", z.unknown()));
    shown.push(await administrator.json("GET", "/_matrix/client/v3/publicRooms", z.unknown()));
    for (const { room_id: roomId } of all.rooms) {
      const room = path`/_synapse/admin/v1/rooms/${roomId}`;
      for (const part of ["", "/state", "/members", "/messages", "/hierarchy"]) {
        shown.push(
          await administrator
            .json("GET", `${room}${part}`, z.unknown())
            .catch((error: unknown) => String(error)),
        );
      }
    }
    const http = new AccountHttp(live.homeserver.url, live.accessTokenOf(leader));
    const seen = await http.json("GET", "/_matrix/client/v3/sync", Anything);
    const text = JSON.stringify([shown, seen]);
    expect(text).toContain("m.room.encryption");
    for (const roomId of rooms) expect(text).toContain(roomId);
    expect(text).not.toMatch(/HERON|OSPREY/i);
    expect(text).not.toContain("what nobody else may read");
  });
});
