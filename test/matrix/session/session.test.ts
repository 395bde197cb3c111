import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Person } from "../../../src/dev/people/person.ts";
import { EventId, type RoomId } from "../../../src/domain/ids.ts";
import { readMegolmMessage } from "../../../src/matrix/crypto/ciphertext.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

let live: LiveCase;
let leader: Person;
let member: Person;
let room: RoomId;

beforeAll(async () => {
  live = await openLiveCase();
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

function answersTo(eventId: string) {
  return leader
    .timeline(room)
    .filter(
      ({ sender, relations }) =>
        sender !== leader.userId && relations.some((relation) => relation.eventId === eventId),
    );
}

describe("a session", () => {
  it("answers a command once, in a way that a strict client accepts without a warning", async () => {
    const asked = await leader.say(room, "!action add write the agenda");
    const reply = await leader.replyTo(asked);
    expect(reply.body).toContain("A-001");
    expect(await leader.shieldOf(reply.eventId)).toBeUndefined();
    expect(answersTo(asked)).toHaveLength(1);
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
    expect(answersTo(replayed)).toHaveLength(0);
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

  it("fetches what a limited response left out", async () => {
    await live.stopBots();
    const asked = await leader.say(room, "!action add said before the gap");
    // A timeline holds 50 events: these push the command out of it.
    await Promise.all(
      Array.from({ length: 60 }, (_, number) => leader.say(room, `remark ${number}`)),
    );
    await live.startBots();
    expect((await leader.replyTo(asked)).body).toContain("said before the gap");
    expect(answersTo(asked)).toHaveLength(1);
  });
});

describe("a command from a device that its owner has not signed", () => {
  it("is refused with what to do", async () => {
    member = await live.person("member", { crossSigned: false });
    const memberRoom = await live.coordination(member);
    const reply = await member.replyTo(await member.say(memberRoom, "!help"));
    expect(reply.body).toContain("not verified by you");
  });
});

describe("ciphertexts that only say that they are of somebody's session", () => {
  it("keep none of that person's commands from being carried out", async () => {
    const before = await countActions();
    const asked = await leader.say(room, "!action add before the junk");
    await leader.replyTo(asked);
    await sendJunk(live, member, room, asked, 50);
    // What comes after the junk has been received after it.
    const next = await leader.say(room, "!action add heard in spite of junk");
    expect((await leader.replyTo(next)).body).toContain("heard in spite of junk");
    expect(answersTo(next)).toHaveLength(1);
    expect(await countActions()).toBe(before + 2);
    const junk = live.db.selectFrom("inbox").select("state").distinct();
    expect(
      await junk.where("sender", "=", member.userId).where("message_index", ">=", 0).execute(),
    ).toContainEqual({ state: "undecryptable" });
    const row = await live.db
      .selectFrom("inbox")
      .select(["state", "claimed"])
      .where("event_id", "=", EventId.parse(next))
      .where("account", "=", live.config.bots.clerk)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ state: "done", claimed: true });
  });
});

async function countActions(): Promise<number> {
  return (await live.db.selectFrom("action_item").select("number").execute()).length;
}

const Ciphertext = z.looseObject({ session_id: z.string(), ciphertext: z.string() });

/** Sends ciphertexts of nobody under the session of an event and the indices that come next in it. */
async function sendJunk(
  { homeserver, accessTokenOf }: LiveCase,
  person: Person,
  roomId: RoomId,
  eventId: string,
  count: number,
): Promise<void> {
  const headers = { authorization: `Bearer ${accessTokenOf(person)}` };
  const base = `${homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const original = await fetch(`${base}/event/${encodeURIComponent(eventId)}`, { headers });
  const { content } = z.object({ content: Ciphertext }).parse(await original.json());
  const index = readMegolmMessage(content)?.index;
  if (index === undefined) throw new Error("no megolm message");
  for (let next = index + 1; next <= index + count; next += 1) {
    // Version, then the index as a varint of two bytes, then what should be ciphertext and signature.
    const head = [3, 0x08, (next & 0x7f) | 0x80, next >> 7, 0x12, 32];
    const junk = Buffer.from([...head, ...Buffer.alloc(32 + 8 + 64, 7)]);
    const body = { ...content, ciphertext: junk.toString("base64").replaceAll("=", "") };
    expect(readMegolmMessage(body)?.index).toBe(next);
    const sent = await fetch(`${base}/send/m.room.encrypted/junk-${next}`, {
      method: "PUT",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(sent.ok).toBe(true);
  }
}

/** Puts the ciphertext of an event into the room again, as a homeserver can. */
async function resend(
  { homeserver, accessTokenOf }: LiveCase,
  person: Person,
  roomId: RoomId,
  eventId: string,
): Promise<EventId> {
  const headers = { authorization: `Bearer ${accessTokenOf(person)}` };
  const base = `${homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const original = await fetch(`${base}/event/${encodeURIComponent(eventId)}`, { headers });
  const { content } = z.object({ content: z.unknown() }).parse(await original.json());
  const sent = await fetch(`${base}/send/m.room.encrypted/replay-1`, {
    method: "PUT",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(content),
  });
  return z.object({ event_id: EventId }).parse(await sent.json()).event_id;
}
