import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { FarHomeserver } from "../../src/dev/homeserver/far-homeserver.ts";
import type { Person } from "../../src/dev/people/person.ts";
import type { RoomId } from "../../src/domain/ids.ts";
import { path } from "../../src/matrix/http.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";

const patience = 120_000;

let live: LiveCase;
let away: FarHomeserver;
let leader: Person;
let far: Person;
let coordination: RoomId;

beforeAll(async () => {
  live = await openLiveCase({
    others: ["{ localpart: guest, function: Prosecutor, state: RS, role: member }"],
    far: ["guest"],
  });
  if (live.far === undefined) throw new Error("there is no second homeserver");
  away = live.far;
  leader = await live.person("leader");
  far = await live.person("guest");
  coordination = (await leader.roomByName("coordination", { members: 4, timeout: patience }))
    .roomId;
  // Its homeserver tells the numbers of members only when somebody comes or goes after the join.
  await far.roomByName("coordination", { timeout: patience });
}, 300_000);
afterAll(() => live?.close());

const Joined = z.object({ joined: z.record(z.string(), z.unknown()) });

async function ask(person: Person, text: string): Promise<string> {
  return (await person.replyTo(await person.say(coordination, text), patience)).body;
}

describe("people of a second homeserver", () => {
  it("command the bots and read what is said, without a warning", async () => {
    const asked = await far.say(coordination, "!action add call the Serbian desk");
    const reply = await far.replyTo(asked, patience);
    expect(reply.body).toContain("A-001");
    expect(await far.shieldOf(reply.eventId)).toBeUndefined();
    expect((await leader.reads(reply.eventId, patience)).body).toContain("A-001");
    expect(await ask(leader, "!action list")).toContain("call the Serbian desk");
  });

  it("catch up when their homeserver was away, and miss nothing", async () => {
    await away.homeserver.stop();
    const said = await Promise.all(
      ["first", "second", "third"].map((text) => leader.say(coordination, `said ${text}`)),
    );
    const asked = await leader.say(coordination, "!action add while Belgrade was away");
    const reply = await leader.replyTo(asked, patience);
    await away.startAgain();
    for (const eventId of [...said, reply.eventId]) {
      expect((await far.reads(eventId, patience)).body).not.toBe("");
    }
    expect(far.undecryptable()).toEqual([]);
    expect(await ask(far, "!action list")).toContain("while Belgrade was away");
  });

  it("have not the last word on who is in a room, when both homeservers were writing", {
    timeout: 2 * patience,
  }, async () => {
    const member = await live.person("member", { acceptsInvitations: false });
    await expect.poll(() => member.invitations(), { timeout: patience }).toContain(coordination);
    await away.homeserver.stop();
    await member.join(coordination);
    await member.roomByName("coordination", { members: 5, timeout: patience });
    await ask(member, "!action list");
    await live.homeserver.stop();
    await away.startAgain();
    // Written where nobody has heard that the member has joined.
    const own = path`/_matrix/client/v3/rooms/${coordination}/state/m.room.member/${far.userId}`;
    await live.httpOf(far).json("PUT", own, z.unknown(), {
      body: { membership: "join", displayname: "Guest from Belgrade" },
    });
    await live.homeserver.restart();
    // The bots have heard of it when they hear of what comes after it.
    expect(await ask(far, "!action list")).toContain("while Belgrade was away");
    expect(await ask(member, "!action list")).toContain("while Belgrade was away");
    expect(member.undecryptable()).toEqual([]);
  });

  it("are out of all rooms when they are removed, and are given nothing of what follows", {
    timeout: 2 * patience,
  }, async () => {
    await ask(leader, `!member remove ${far.userId}`);
    // Their own homeserver may not notice: what it missed before the removal it can no longer ask for.
    const near = live.httpOf(leader);
    for (const { roomId } of leader.rooms()) {
      const members = () =>
        near.json("GET", path`/_matrix/client/v3/rooms/${roomId}/joined_members`, Joined);
      await expect
        .poll(async () => Object.keys((await members()).joined), { timeout: patience })
        .not.toContain(far.userId);
    }
    const later = await leader.say(coordination, "said after the removal");
    await leader.reads(later);
    const { chunk } = await live
      .httpOf(far)
      .json(
        "GET",
        path`/_matrix/client/v3/rooms/${coordination}/messages`,
        z.object({ chunk: z.array(z.object({ event_id: z.string() })) }),
        { query: { dir: "b", limit: "100" } },
      );
    expect(chunk.map((event) => event.event_id)).not.toContain(later);
    expect(chunk.length).toBeGreaterThan(0);
  });
});
