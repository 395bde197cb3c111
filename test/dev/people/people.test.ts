import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type AccountWish,
  liftRateLimit,
  registerAccount,
} from "../../../src/dev/homeserver/accounts.ts";
import { type Homeserver, startHomeserver } from "../../../src/dev/homeserver/homeserver.ts";
import { type Person, type PersonOptions, startPerson } from "../../../src/dev/people/person.ts";
import { type EventId, RoomId } from "../../../src/domain/ids.ts";

let homeserver: Homeserver;
let directory: string;
const people: Person[] = [];
const tokens = new Map<Person, string>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rogatory-people-"));
  homeserver = await startHomeserver({ directory, port: "free", registrations: [] });
}, 180_000);

afterAll(async () => {
  for (const person of people) await person.stop();
  await homeserver.stop();
  await rm(directory, { recursive: true, force: true });
});

async function arrive(wish: AccountWish, options: PersonOptions = {}): Promise<Person> {
  const account = await registerAccount(homeserver, wish);
  const person = await startPerson(homeserver, account, options);
  await person.acceptInvitations();
  people.push(person);
  tokens.set(person, account.accessToken);
  return person;
}

/** A room of `host`, encrypted unless said otherwise, that the guests have been invited to. */
async function openRoom(
  name: string,
  host: Person,
  guests: readonly Person[],
  encrypted = true,
): Promise<RoomId> {
  const state = (type: string, content: unknown) => ({ type, state_key: "", content });
  const response = await fetch(`${homeserver.url}/_matrix/client/v3/createRoom`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokens.get(host)}` },
    body: JSON.stringify({
      ...{ name, preset: "private_chat", invite: guests.map(({ userId }) => userId) },
      initial_state: [
        state("m.room.history_visibility", { history_visibility: "joined" }),
        ...(encrypted ? [state("m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" })] : []),
      ],
    }),
  });
  const { room_id } = z.object({ room_id: RoomId }).parse(await response.json());
  for (const person of encrypted ? [host, ...guests] : []) await person.roomByName(name);
  return room_id;
}

describe("simulated people", () => {
  it("talk to each other and read what the other encrypted, without any warning", async () => {
    const ada = await arrive({ localpart: "ada" });
    const ben = await arrive({ localpart: "ben" }, { onlySignedDevices: true });
    const room = await openRoom("JIT · coordination", ada, [ben]);
    // Strict clients drop the first message of somebody whose devices they have not yet asked for.
    await ada.say(room, "good morning");
    const asked = await ben.say(room, "who sends the request?");
    await ada.reads(asked);
    const answered = await ada.say(room, "I do", { inReplyTo: asked });
    const reply = await ben.replyTo(asked);
    expect(reply).toMatchObject({ eventId: answered, body: "I do", encrypted: true, kind: "text" });
    expect(await ben.shieldOf(answered)).toBeUndefined();
    expect(ada.undecryptable()).toEqual([]);
    expect(ben.timeline(room).at(-1)).toEqual(reply);
  }, 60_000);

  it("refuse the messages of a device that its owner has not signed when they are strict", async () => {
    const strict = await arrive({ localpart: "strict" }, { onlySignedDevices: true });
    const lenient = await arrive({ localpart: "lenient" });
    const unsigned = await arrive({ localpart: "unsigned" }, { crossSigned: false });
    const room = await openRoom("FG · plenary", unsigned, [strict, lenient]);
    const said = await unsigned.say(room, "can you read me?");
    expect((await lenient.reads(said)).body).toBe("can you read me?");
    expect(await lenient.shieldOf(said)).toBe("UNSIGNED_DEVICE");
    await expect.poll(() => strict.undecryptable(), { timeout: 10_000 }).toHaveLength(1);
    expect(strict.undecryptable()[0]).toMatchObject({ eventId: said, sender: unsigned.userId });
  }, 60_000);

  it("read what came while they did not look, however much it was", async () => {
    const talker = await arrive({ localpart: "talker" });
    const reader = await arrive({ localpart: "reader" });
    const admin = await registerAccount(homeserver, { localpart: "admin", admin: true });
    await liftRateLimit(homeserver, admin.accessToken, talker.userId);
    const room = await openRoom("JIT · long", talker, [reader]);
    await reader.reads(await talker.say(room, "now look away"));
    const said: EventId[] = [];
    // More than a sync brings of one room.
    await reader.holdSync(async () => {
      for (let number = 1; number <= 130; number += 1) {
        said.push(await talker.say(room, `said ${number}`));
      }
    });
    await Promise.all(said.map((eventId) => reader.reads(eventId)));
    expect(reader.undecryptable()).toEqual([]);
  }, 120_000);

  it("never say anything in a room that is not encrypted", async () => {
    const host = await arrive({ localpart: "host" });
    const guest = await arrive({ localpart: "guest" });
    const open = await openRoom("open room", host, [guest], false);
    await expect(host.say(open, "secret")).rejects.toThrow(/not known to be encrypted/);
    await expect(host.say(RoomId.parse("!nowhere"), "secret")).rejects.toThrow(/not known/);
  }, 60_000);

  it("give up waiting with a sentence that names what did not come", async () => {
    const [person] = people;
    await expect(person?.firstMessage(() => false, "a sign of life", 50)).rejects.toThrow(
      /a sign of life/,
    );
  });
});
