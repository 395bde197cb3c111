import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readSyncToken, saveSyncToken } from "../../../src/db/repositories/accounts.ts";
import { enqueueStep, type Step } from "../../../src/db/repositories/outbox.ts";
import { readMemberships, saveMembership } from "../../../src/db/repositories/rooms.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import { EventId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { readMegolmMessage } from "../../../src/matrix/crypto/ciphertext.ts";
import { AccountHttp, path } from "../../../src/matrix/http.ts";
import { readRegistration } from "../../../src/matrix/provisioning/registration.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

let live: LiveCase;
let leader: Person;
let member: Person;
let room: RoomId;

beforeAll(async () => {
  live = await openLiveCase({
    others: ["{ localpart: newcomer, function: Judge, state: NL, role: member }"],
  });
  leader = await live.person("leader", { onlySignedDevices: true });
  room = await live.coordination(leader);
});
afterAll(() => live.close());

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
    expect(leader.repliesTo(next)).toHaveLength(1);
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

describe("a command of somebody of whose joining the crypto was not told before a restart", () => {
  it("is carried out, for the homeserver is asked about their devices first", async () => {
    const newcomer = UserId.parse(`@newcomer:${live.config.homeserver.serverName}`);
    const { bots } = live.config;
    await expect.poll(() => membershipOf(newcomer), { timeout: 60_000 }).toBe("invite");
    const { http } = live.session("clerk");
    await live.stopBots();
    const person = await live.person("newcomer");
    await live.coordination(person);
    // As after the transaction that keeps the join, and before anything else.
    const since = await readSyncToken(live.db, bots.clerk);
    const { next_batch: next } = await http.json(
      "GET",
      "/_matrix/client/v3/sync",
      z.object({ next_batch: z.string() }),
      { query: { timeout: "0", ...(since === undefined ? {} : { since }) } },
    );
    await live.db.transaction().execute(async (transaction) => {
      await saveSyncToken(transaction, bots.clerk, next);
      await saveMembership(transaction, room, newcomer, "join");
    });
    // The person's client encrypts for all bots, whether or not they run.
    const asked = await person.say(room, "!action list");
    await live.startBots();
    expect((await person.replyTo(asked)).body).not.toContain("not verified");
  });
});

describe("a message for a room that is not known to be encrypted", () => {
  const edit = (edited: string) => ({
    ...{ msgtype: "m.text", body: "* x", "m.new_content": {} },
    "m.relates_to": { rel_type: "m.replace", event_id: edited },
  });
  const steps = (into: RoomId, edited: string): readonly Step[] => [
    ...[
      { msgtype: "m.text", body: "text" },
      { msgtype: "m.notice", body: "notice" },
      edit(edited),
    ].map(
      (content) =>
        ({ kind: "send", room: { roomId: into }, type: "m.room.message", content }) as const,
    ),
    {
      ...{ kind: "send-file", room: { roomId: into }, fileName: "x.md", mimeType: "text/markdown" },
      bytesBase64: "eA==",
    },
  ];

  /** Puts text, notice, edit and file into the outbox; each in a lane of its own. */
  async function enqueue(into: RoomId, cause: string, edited = "$x"): Promise<void> {
    await live.db.transaction().execute(async (transaction) => {
      for (const [index, step] of steps(into, edited).entries()) {
        await enqueueStep(transaction, live.vault.system, Temporal.Now.instant(), {
          ...{ account: live.config.bots.clerk, lane: `${cause}-${index}`, caseId: undefined },
          ...{ step, cause, slot: String(index) },
        });
      }
    });
    live.tick();
  }

  const failures = async (cause: string) => {
    const rows = await live.db
      .selectFrom("outbox")
      .select("failure")
      .where("transaction_id", "like", `${cause}.%`)
      .execute();
    return rows.map(({ failure }) => failure);
  };
  const refused = Array.from({ length: 4 }, () => "send.unencrypted-room");

  /** The types of what the homeserver last got of the clerk's in a room, newest first. */
  async function saidByClerk(into: RoomId): Promise<readonly string[]> {
    const { http } = live.session("clerk");
    const { chunk } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${into}/messages`,
      z.object({ chunk: z.array(z.object({ type: z.string(), sender: z.string() })) }),
      { query: { dir: "b", limit: "100" } },
    );
    const own = chunk.filter(({ sender }) => sender === live.config.bots.clerk);
    return own.map(({ type }) => type);
  }

  it("is not sent, be it text, notice, edit or file", async () => {
    const { http } = live.session("clerk");
    const { room_id: open } = await http.json(
      "POST",
      "/_matrix/client/v3/createRoom",
      z.object({ room_id: RoomId }),
      { body: { preset: "private_chat" } },
    );
    await enqueue(open, "into-clear");
    await expect.poll(() => failures("into-clear"), { timeout: 60_000 }).toEqual(refused);
    const types = await saidByClerk(open);
    expect(types).not.toContain("m.room.message");
    expect(types).not.toContain("m.room.encrypted");
    await live.db.deleteFrom("outbox").where("transaction_id", "like", "into-clear.%").execute();
  });

  it("waits after a restart until the room is known, and is ciphertext then", async () => {
    await live.stopBots();
    const known = await live.db
      .selectFrom("room")
      .selectAll()
      .where("room_id", "=", room)
      .executeTakeFirstOrThrow();
    await live.db
      .updateTable("room")
      .set({ encryption: null })
      .where("room_id", "=", room)
      .execute();
    await live.startBots();
    const edited = await leader.say(room, "this is edited");
    const before = await saidByClerk(room);
    await enqueue(room, "not-known", edited);
    await expect.poll(() => failures("not-known"), { timeout: 30_000 }).toEqual(refused);
    expect(await saidByClerk(room)).toEqual(before);
    await live.db
      .updateTable("room")
      .set({ encryption: known.encryption })
      .where("room_id", "=", room)
      .execute();
    const sent = async () => {
      live.tick();
      return (await failures("not-known")).filter((failure) => failure === null).length;
    };
    await expect.poll(sent, { timeout: 30_000, interval: 250 }).toBe(4);
    const ciphertexts = Array.from({ length: 4 }, () => "m.room.encrypted");
    expect((await saidByClerk(room)).slice(0, 4)).toEqual(ciphertexts);
  });
});

describe("a command that was not encrypted, in an encrypted room", () => {
  it("is never carried out", async () => {
    const before = await countActions();
    const { homeserver, accessTokenOf } = live;
    const base = `${homeserver.url}/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
    const sent = await fetch(`${base}/send/m.room.message/clear-1`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${accessTokenOf(leader)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ msgtype: "m.text", body: "!action add in clear text" }),
    });
    const { event_id: clear } = z.object({ event_id: EventId }).parse(await sent.json());
    // What comes after it has been received after it.
    await leader.replyTo(await leader.say(room, "!action list"));
    expect(await countActions()).toBe(before);
    expect(leader.repliesTo(clear)).toHaveLength(0);
  });
});

async function membershipOf(userId: UserId): Promise<string | undefined> {
  return (await readMemberships(live.db, room, [userId])).get(userId);
}

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
