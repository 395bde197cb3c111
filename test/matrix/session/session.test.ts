import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readSyncToken } from "../../../src/db/repositories/accounts.ts";
import { listUntold } from "../../../src/db/repositories/untold-rooms.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import { EventId, type RoomId } from "../../../src/domain/ids.ts";
import { createSqlIndexedDb, installIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { readRegistration } from "../../../src/matrix/provisioning/registration.ts";
import { openSession } from "../../../src/matrix/session/open-session.ts";
import type { Session } from "../../../src/matrix/session/session.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

let live: LiveCase;
let leader: Person;
let member: Person;
let room: RoomId;

beforeAll(async () => {
  live = await openLiveCase({
    others: ["{ localpart: late, function: Investigator, state: NL, role: member }"],
  });
  leader = await live.person("leader", { onlySignedDevices: true });
  room = await live.coordination(leader);
});
afterAll(() => live.close());

function devices() {
  return live.db
    .selectFrom("account")
    .select(["user_id", "device_id"])
    .orderBy("user_id")
    .execute();
}

describe("a session", () => {
  it("answers a command once, in a way that a strict client accepts without a warning", async () => {
    const asked = await leader.say(room, "!action add write the agenda");
    const reply = await leader.replyTo(asked);
    expect(reply.body).toContain("A-001");
    expect(await leader.shieldOf(reply.eventId)).toBeUndefined();
    expect(leader.repliesTo(asked)).toHaveLength(1);
  });

  it("never carries out the same ciphertext under another event id", async () => {
    const asked = await leader.say(room, "!action add count me once");
    await leader.replyTo(asked);
    const replayed = await resend(live, leader, room, asked);
    // What comes after the replay has been handled after it.
    await leader.replyTo(await leader.say(room, "!action list"));
    const row = await live.db
      .selectFrom("inbox")
      .select("state")
      .where("event_id", "=", replayed)
      .executeTakeFirstOrThrow();
    expect(row.state).toBe("replayed");
    expect(leader.repliesTo(replayed)).toHaveLength(0);
    expect(live.log.some(({ event }) => event === "message.replayed")).toBe(true);
    expect(await live.db.selectFrom("action_item").select("number").execute()).toHaveLength(2);
  });

  it("is the same device after a restart, and answers what was said meanwhile", async () => {
    const before = await devices();
    await live.stopBots();
    const asked = await leader.say(room, "!help");
    await live.startBots();
    const reply = await leader.replyTo(asked);
    expect(await leader.shieldOf(reply.eventId)).toBeUndefined();
    expect(await devices()).toEqual(before);
  });
});

/** The clerk's session on the same database, in a process of which only it runs. */
async function clerkAlone<T>(work: (session: Session, clock: Clock) => Promise<T>): Promise<T> {
  const { config, db, vault, homeserver } = live;
  const store = createSqlIndexedDb({ db, onFatal: () => {} });
  installIndexedDb(store.indexedDB);
  const { as_token: token } = await readRegistration(config.homeserver.registrationFile);
  const clock: Clock = { isStopped: false };
  const { session } = await openSession({
    ...{ db, vault, token, userId: config.bots.clerk, homeserverUrl: homeserver.url },
    ...{ displayName: "Clerk", bot: "clerk", ownAccounts: new Set(Object.values(config.bots)) },
    now() {
      if (clock.isStopped) throw new Error("killed");
      return Temporal.Now.instant();
    },
    mayAccept: async () => true,
    onSynced() {},
    log() {},
  });
  try {
    return await work(session, clock);
  } finally {
    await session.crypto.stop();
    await store.close();
  }
}

interface Clock {
  isStopped: boolean;
}

describe("a session that is killed", () => {
  const token = () => readSyncToken(live.db, live.config.bots.clerk);
  const untold = () => listUntold(live.db, live.config.bots.clerk);
  const signal = new AbortController().signal;

  it("between the keys and the messages, or before the crypto knows the people, loses nothing", async () => {
    await live.stopBots();
    member = await live.person("member");
    const memberRoom = await live.coordination(member);
    const first = await leader.say(room, "!action add said before the keys");
    const second = await member.say(memberRoom, "!action add said by somebody new");
    const before = await token();

    await clerkAlone(async (session, clock) => {
      const processSync = session.crypto.processSync.bind(session.crypto);
      session.crypto.processSync = async (changes) => {
        await processSync(changes);
        clock.isStopped = true;
      };
      await expect(session.syncOnce(signal, 0)).rejects.toThrow("killed");
    });
    expect(await token()).toBe(before);

    await clerkAlone(async (session) => {
      session.crypto.memberChanged = (_, userId, membership) => {
        if (userId === member.userId && membership === "join") throw new Error("killed");
      };
      await expect(session.syncOnce(signal, 0)).rejects.toThrow("killed");
    });
    expect(await token()).not.toBe(before);
    expect(await untold()).not.toEqual([]);

    await live.startBots();
    expect((await leader.replyTo(first)).body).toContain("said before the keys");
    expect((await member.replyTo(second)).body).toContain("said by somebody new");
    expect(leader.repliesTo(first)).toHaveLength(1);
    // Whatever comes next notes that everything is told.
    await leader.replyTo(await leader.say(room, "!action list"));
    await expect.poll(untold, { timeout: 20_000 }).toEqual([]);
  });
});

describe("a session that missed more than a response holds", () => {
  it("fetches it, page by page, and has a new key for whoever left and came back meanwhile", async () => {
    const before = await keyOfReply(await leader.say(room, "!action list"));
    await live.stopBots();
    for (const act of ["leave", "join"]) {
      const url = `${live.homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${act}`;
      const headers = { authorization: `Bearer ${live.accessTokenOf(member)}` };
      const response = await fetch(url, { method: "POST", headers, body: "{}" });
      expect(response.status).toBe(200);
    }
    const asked = await leader.say(room, "!action add said before the gap");
    // A timeline holds 50 events, and so does a page: these push the command out of it.
    await Promise.all(
      Array.from({ length: 110 }, (_, number) => leader.say(room, `remark ${number}`)),
    );
    await live.startBots();
    expect((await leader.replyTo(asked)).body).toContain("said before the gap");
    expect(leader.repliesTo(asked)).toHaveLength(1);
    expect(await keyOfReply(asked)).not.toBe(before);
  });
});

describe("a command from a device that its owner has not signed", () => {
  it("is refused with what to do", async () => {
    const late = await live.person("late", { crossSigned: false });
    const lateRoom = await live.coordination(late);
    const reply = await late.replyTo(await late.say(lateRoom, "!help"));
    expect(reply.body).toContain("not verified by you");
  });
});

/** Which room key the answer to a command was sealed with. */
async function keyOfReply(eventId: EventId): Promise<string> {
  const reply = await leader.replyTo(eventId);
  return (await ciphertextOf(live, leader, room, reply.eventId)).session_id;
}

const Ciphertext = z.looseObject({ session_id: z.string() });

async function ciphertextOf(
  { homeserver, accessTokenOf }: LiveCase,
  person: Person,
  roomId: RoomId,
  eventId: string,
): Promise<z.infer<typeof Ciphertext>> {
  const base = `${homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const response = await fetch(`${base}/event/${encodeURIComponent(eventId)}`, {
    headers: { authorization: `Bearer ${accessTokenOf(person)}` },
  });
  return z.object({ content: Ciphertext }).parse(await response.json()).content;
}

/** Puts the ciphertext of an event into the room again, as a homeserver can. */
async function resend(
  place: LiveCase,
  person: Person,
  roomId: RoomId,
  eventId: string,
): Promise<EventId> {
  const headers = { authorization: `Bearer ${place.accessTokenOf(person)}` };
  const base = `${place.homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const content = await ciphertextOf(place, person, roomId, eventId);
  const sent = await fetch(`${base}/send/m.room.encrypted/replay-1`, {
    method: "PUT",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(content),
  });
  return z.object({ event_id: EventId }).parse(await sent.json()).event_id;
}
