import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { Person } from "../../src/dev/people/person.ts";
import { EventId, RoomId, type UserId } from "../../src/domain/ids.ts";
import { type AccountHttp, HomeserverError, path } from "../../src/matrix/http.ts";
import { type LiveAccount, type LiveCase, openLiveCase, places } from "../support/live-case.ts";

const patience = 120_000;
const Anything = z.record(z.string(), z.unknown());
const Created = z.object({ room_id: RoomId });

/** First parts of the Matrix ids of the people under test, by where they live. */
const removedAt = { near: "member", far: "expelled" } as const;
const outsiderAt = { near: "outsider", far: "foreigner" } as const;
const strangerAt = { near: "stranger", far: "wanderer" } as const;

let live: LiveCase;
let leader: Person;
const removed = new Map<string, Person>();
/** Leaders of the case OSPREY. */
const outsiders = new Map<string, Person>();
/** All rooms of the case HERON. */
let rooms: readonly RoomId[];
let coordination: RoomId;
let secret: EventId;

beforeAll(async () => {
  live = await openLiveCase({
    others: ["{ localpart: expelled, function: Prosecutor, state: RS, role: member }"],
    far: [removedAt.far, outsiderAt.far, strangerAt.far],
  });
  await live.openCase(`
template: jit
name: OSPREY
timeZone: Europe/Brussels
roster:
  - { localpart: outsider, function: Prosecutor, state: FR, role: leader }
  - { localpart: foreigner, function: Prosecutor, state: RS, role: leader }
`);
  leader = await live.person("leader");
  for (const place of places) removed.set(place, await live.person(removedAt[place]));
  coordination = (await leader.roomByName("coordination", { members: 5, timeout: patience }))
    .roomId;
  // Space, coordination, leaders and notices.
  await vi.waitUntil(() => leader.rooms().length === 4, { timeout: patience, interval: 100 });
  rooms = leader.rooms().map(({ roomId }) => roomId);
  for (const person of removed.values()) {
    await person.roomByName("coordination", { timeout: patience });
    await ask(person, coordination, "!action list");
    await ask(leader, coordination, `!member remove ${person.userId}`);
    await vi.waitUntil(() => person.rooms().length === 0, { timeout: patience, interval: 100 });
  }
  secret = await leader.say(coordination, "what nobody else may read");
  await leader.reads(secret);
}, 300_000);
afterAll(() => live?.close());

async function ask(person: Person, roomId: RoomId, text: string): Promise<string> {
  return (await person.replyTo(await person.say(roomId, text), patience)).body;
}

async function refusedWith(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 200;
  } catch (error) {
    if (error instanceof HomeserverError) return error.status;
    throw error;
  }
}

async function cannotEnter(http: AccountHttp): Promise<void> {
  // Whom a homeserver elsewhere asks about a room that it does not know.
  const query = { via: live.homeserver.serverName };
  for (const roomId of rooms) {
    for (const verb of ["join", "knock"]) {
      const address = `/_matrix/client/v3/${verb}/${encodeURIComponent(roomId)}`;
      const entering = http.json("POST", address, Anything, { query, body: {} });
      expect(await refusedWith(entering), verb).toBe(403);
    }
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
  const one = path`/_matrix/client/v3/rooms/${coordination}/event/${event}`;
  expect([403, 404]).toContain(await refusedWith(http.json("GET", one, Anything)));
}

describe.each(places)("somebody with an account, but on no roster (%s)", (place) => {
  let stranger: LiveAccount;
  beforeAll(async () => {
    stranger = await live.account(strangerAt[place]);
  });

  it("can neither enter a room of the case nor read it", async () => {
    await cannotEnter(stranger.http);
    await cannotRead(stranger.http);
    await cannotSee(stranger.http, secret);
  });

  it("finds no room in the directory of the bots' homeserver", async () => {
    const { serverName } = live.homeserver;
    const query = place === "near" ? {} : { server: serverName };
    const listed = await stranger.http
      .json("GET", "/_matrix/client/v3/publicRooms", Anything, { query })
      .catch((error: unknown) => ({ chunk: [], refused: error instanceof HomeserverError }));
    expect(listed.chunk).toEqual([]);
  });

  it("gets no bot into a room of their own", async () => {
    const { room_id: own } = await stranger.http.json(
      ...(["POST", "/_matrix/client/v3/createRoom", Created] as const),
      { body: { preset: "private_chat", invite: Object.values(live.config.bots) } },
    );
    // The bots have handled what came after the invitation.
    await ask(leader, coordination, "!action list");
    await ask(leader, coordination, "!case status");
    const { joined } = await stranger.http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${own}/joined_members`,
      z.object({ joined: z.record(z.string(), z.unknown()) }),
    );
    expect(Object.keys(joined)).toEqual([stranger.userId]);
  });
});

describe.each(places)("a member of another case (%s)", (place) => {
  it("can neither enter a room of this one nor read it", async () => {
    const outsider = await live.person(outsiderAt[place]);
    outsiders.set(place, outsider);
    const own = await outsider.roomByName("coordination", { timeout: patience });
    expect(rooms).not.toContain(own.roomId);
    const http = live.httpOf(outsider);
    await cannotEnter(http);
    await cannotRead(http);
    await cannotSee(http, secret);
    // Commands speak of the outsider's own case.
    expect(await ask(outsider, own.roomId, "!case status")).not.toContain("HERON");
  });
});

describe.each(places)("a bot that a leader of another case invites (%s)", (place) => {
  const encryption = {
    ...{ type: "m.room.encryption", state_key: "" },
    content: { algorithm: "m.megolm.v1.aes-sha2" },
  };
  let outsider: Person;
  let http: AccountHttp;
  beforeAll(() => {
    const known = outsiders.get(place);
    if (known === undefined) throw new Error("nobody leads the other case");
    outsider = known;
    http = live.httpOf(outsider);
  });

  async function makeRoom(body: object): Promise<RoomId> {
    const made = await http.json("POST", "/_matrix/client/v3/createRoom", Created, {
      body: { preset: "private_chat", initial_state: [encryption], ...body },
    });
    return made.room_id;
  }

  const nameFor = (bot: UserId) => `${bot} at ${place}`;

  /** Direct conversations. A homeserver takes few invitations from elsewhere for one of its accounts. */
  const direct = new Map<UserId, RoomId>();

  /** The bot joins, and so it has handled every earlier invitation. */
  async function writeTo(bot: UserId): Promise<RoomId> {
    const name = nameFor(bot);
    const roomId = direct.get(bot) ?? (await makeRoom({ name, is_direct: true, invite: [bot] }));
    direct.set(bot, roomId);
    await outsider.roomByName(name, { members: 2, timeout: patience });
    return roomId;
  }

  async function joinedOf(roomId: RoomId): Promise<readonly string[]> {
    const { joined } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/joined_members`,
      z.object({ joined: z.record(z.string(), z.unknown()) }),
    );
    return Object.keys(joined);
  }

  it("comes neither into a room that looks like one of a case, nor into one of a case where it is not needed", async () => {
    const { bots } = live.config;
    const invite = Object.values(bots);
    const like = await makeRoom({ name: "JIT-0000 · coordination", invite });
    const space = await makeRoom({
      ...{ name: "JIT-0000 · space", invite, is_direct: true },
      ...{ creation_content: { type: "m.space" }, initial_state: [] },
    });
    const own = (await outsider.roomByName("coordination")).roomId;
    await http.json(
      "PUT",
      path`/_matrix/client/v3/rooms/${own}/state/m.room.member/${bots.scribe}`,
      Anything,
      { body: { membership: "invite", is_direct: true } },
    );
    for (const bot of invite) await writeTo(bot);
    for (const roomId of [like, space]) expect(await joinedOf(roomId)).toEqual([outsider.userId]);
    expect(await joinedOf(own)).not.toContain(bots.scribe);
  });

  it("says of a case that is not theirs what it says of one that does not exist", async () => {
    const room = await writeTo(live.config.bots.registrar);
    const about = async (name: string) => {
      const chosen = await ask(outsider, room, `in ${name}`);
      const asked = await ask(outsider, room, `!member list in ${name}`);
      return [chosen, asked].map((text) => text.replaceAll(name, "…"));
    };
    const real = await about("HERON");
    expect(real).toEqual(await about("GANNET"));
    expect(real[0]).toContain("on no roster of a case “…”");
    expect(real[1]).toContain("Which case do you mean?");
    expect(await ask(outsider, room, "!member list in OSPREY")).not.toMatch(/HERON|@leader/);
  });

  it("speaks of no case any more when somebody else comes into the conversation", async () => {
    const { registrar, clerk } = live.config.bots;
    const other = await live.account(`companion-${place}`);
    for (const [bot, line] of [
      [registrar, "!case status in OSPREY"],
      [clerk, "!action list in OSPREY"],
    ] as const) {
      const room = await writeTo(bot);
      expect(await ask(outsider, room, line)).toContain("In OSPREY");
      await http.json("POST", path`/_matrix/client/v3/rooms/${room}/invite`, Anything, {
        body: { user_id: other.userId },
      });
      await other.http.json("POST", path`/_matrix/client/v3/join/${room}`, Anything, { body: {} });
      await outsider.roomByName(nameFor(bot), { members: 3, timeout: patience });
      const answer = await ask(outsider, room, line);
      expect(answer).toContain("please write to me alone");
      expect(answer).not.toMatch(/OSPREY|HERON|JIT-/);
    }
  });
});

describe.each(places)("a removed member (%s)", (place) => {
  let http: AccountHttp;
  beforeAll(() => {
    const person = removed.get(place);
    if (person === undefined) throw new Error("nobody was removed");
    http = live.httpOf(person);
  });

  it("can neither come back nor read what followed", async () => {
    await cannotEnter(http);
    await cannotSee(http, secret);
    const { chunk } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${coordination}/messages`,
      z.object({ chunk: z.array(z.object({ event_id: EventId })) }),
      { query: { dir: "b", limit: "100" } },
    );
    expect(chunk.length).toBeGreaterThan(0);
    expect(chunk.map(({ event_id }) => event_id)).not.toContain(secret);
  });

  it("commands nothing: what they would send is refused by the homeserver", async () => {
    const send = http.json(
      "PUT",
      path`/_matrix/client/v3/rooms/${coordination}/send/m.room.message/1`,
      Anything,
      { body: { msgtype: "m.text", body: "!action list" } },
    );
    expect(await refusedWith(send)).toBe(403);
  });
});

describe.each(places)("a case's real name (%s)", (place) => {
  it("stands in nothing that the homeserver shows to anybody, its administrator included", async () => {
    const administrator = live.administrator(place);
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
    const member = place === "near" ? leader : removed.get(place);
    if (member === undefined) throw new Error("nobody lives there");
    const seen = await live.httpOf(member).json("GET", "/_matrix/client/v3/sync", Anything);
    const text = JSON.stringify([shown, seen]);
    expect(text).toContain("m.room.encryption");
    expect(text).toContain(coordination);
    if (place === "near") for (const roomId of rooms) expect(text).toContain(roomId);
    expect(text).not.toMatch(/HERON|OSPREY/i);
    expect(text).not.toContain("what nobody else may read");
  });
});
