import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Person } from "../../../src/dev/people/person.ts";
import { EventId, type RoomId, type UserId } from "../../../src/domain/ids.ts";
import { AccountHttp, path } from "../../../src/matrix/http.ts";
import { readRegistration } from "../../../src/matrix/provisioning/registration.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

let live: LiveCase;
let leader: Person;
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

describe("a session whose account was put out of a room and let in again", () => {
  it("fetches what was said before, however much was said that it must not see", async () => {
    const { clerk, registrar } = live.config.bots;
    const { as_token: token } = await readRegistration(live.config.homeserver.registrationFile);
    const change = (by: UserId, what: string, body: object) =>
      new AccountHttp(live.homeserver.url, token, by).json(
        "POST",
        path`/_matrix/client/v3/rooms/${room}/${what}`,
        z.object({}),
        { body },
      );
    const leaderHttp = new AccountHttp(live.homeserver.url, live.accessTokenOf(leader));
    await live.stopBots();
    const asked = await leader.say(room, "!action add said before the clerk was put out");
    await change(registrar, "kick", { user_id: clerk });
    // Of these the homeserver gives at least one page that is empty, and not the last one.
    await Promise.all(
      Array.from({ length: 250 }, (_, number) =>
        leaderHttp.json(
          "PUT",
          path`/_matrix/client/v3/rooms/${room}/send/m.room.message/unseen-${String(number)}`,
          z.object({}),
          { body: { msgtype: "m.text", body: "not for the clerk" } },
        ),
      ),
    );
    await change(registrar, "invite", { user_id: clerk });
    await change(clerk, "join", {});
    await Promise.all(
      Array.from({ length: 60 }, (_, number) => leader.say(room, `later remark ${number}`)),
    );
    await live.startBots();
    expect((await leader.replyTo(asked)).body).toContain("said before the clerk was put out");
  }, 120_000);
});

describe("a command from a device that its owner has not signed", () => {
  it("is refused with what to do", async () => {
    const member = await live.person("member", { crossSigned: false });
    const memberRoom = await live.coordination(member);
    const reply = await member.replyTo(await member.say(memberRoom, "!help"));
    expect(reply.body).toContain("not verified by you");
  });
});

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
