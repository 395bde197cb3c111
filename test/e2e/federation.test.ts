import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Account, registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { type Person, startPerson } from "../../src/dev/people/person.ts";
import type { RoomId } from "../../src/domain/ids.ts";
import { AccountHttp, HomeserverError, path } from "../../src/matrix/http.ts";
import { type LiveCase, openLiveCase } from "../support/live-case.ts";
import { startFarHomeserver, type TwoHomeservers } from "../support/two-homeservers.ts";

const patience = 120_000;
const Anything = z.record(z.string(), z.unknown());

let homeservers: TwoHomeservers;
let live: LiveCase;
let leader: Person;
let guest: Account;
let far: Person;
let coordination: RoomId;

beforeAll(async () => {
  homeservers = await startFarHomeserver();
  guest = await registerAccount(homeservers.far, { localpart: "guest" });
  live = await openLiveCase(
    undefined,
    [`{ matrixId: "${guest.userId}", function: Prosecutor, state: RS, role: member }`],
    homeservers.near,
  );
  leader = await live.person("leader");
  far = await startPerson(homeservers.far, guest);
  void far.acceptInvitations();
  coordination = (await leader.roomByName("coordination", { timeout: patience })).roomId;
  await joinFromSpace();
  await leader.roomByName("coordination", { members: 4, timeout: patience });
  // Its homeserver tells the numbers of members only when somebody comes or goes after the join.
  await far.roomByName("coordination", { timeout: patience });
}, 300_000);

afterAll(async () => {
  await far?.stop();
  await live?.close();
  await homeservers?.close();
});

const Joined = z.object({ joined: z.record(z.string(), z.unknown()) });
const Children = z.array(
  z.object({
    ...{ type: z.string(), state_key: z.string() },
    content: z.object({ via: z.array(z.string()).optional() }),
  }),
);

/** One invitation, to the space; what else there is to join, and through whom, the space says. */
async function joinFromSpace(): Promise<void> {
  const http = new AccountHttp(homeservers.far.url, guest.accessToken);
  const space = await vi.waitFor(
    () => far.rooms().find(({ isSpace }) => isSpace) ?? Promise.reject(new Error("no space")),
    { timeout: patience },
  );
  const state = Children.parse(
    await http.json("GET", path`/_matrix/client/v3/rooms/${space.roomId}/state`, z.unknown()),
  );
  const child = state.find(({ state_key: roomId }) => roomId === coordination);
  expect(child?.type).toBe("m.space.child");
  const query = { via: child?.content.via?.[0] ?? "" };
  const address = path`/_matrix/client/v3/join/${coordination}`;
  await http.json("POST", address, Anything, { query, body: {} });
}

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
    await homeservers.far.stop();
    const said = await Promise.all(
      ["first", "second", "third"].map((text) => leader.say(coordination, `said ${text}`)),
    );
    const asked = await leader.say(coordination, "!action add while Belgrade was away");
    const reply = await leader.replyTo(asked, patience);
    await homeservers.startFar();
    for (const eventId of [...said, reply.eventId]) {
      expect((await far.reads(eventId, patience)).body).not.toBe("");
    }
    expect(far.undecryptable()).toEqual([]);
    expect(await ask(far, "!action list")).toContain("while Belgrade was away");
  });

  it("who are strangers can neither join nor read, and learn no name", async () => {
    const account = await registerAccount(homeservers.far, { localpart: "stranger" });
    const http = new AccountHttp(homeservers.far.url, account.accessToken);
    for (const { roomId } of leader.rooms()) {
      const via = { query: { via: homeservers.near.serverName } };
      await expect(
        http.json("POST", path`/_matrix/client/v3/join/${roomId}`, Anything, { ...via, body: {} }),
      ).rejects.toBeInstanceOf(HomeserverError);
      for (const what of ["state", "messages", "members"]) {
        await expect(
          http.json("GET", `${path`/_matrix/client/v3/rooms/${roomId}`}/${what}`, Anything, {
            query: { dir: "b" },
          }),
        ).rejects.toMatchObject({ status: 403 });
      }
    }
    const directory = await http
      .json("GET", "/_matrix/client/v3/publicRooms", Anything, {
        query: { server: homeservers.near.serverName },
      })
      .catch((error: unknown) => ({ refused: error instanceof HomeserverError, chunk: [] }));
    expect(directory.chunk).toEqual([]);
  });

  it("are out of all rooms when they are removed, and are given nothing of what follows", {
    timeout: 2 * patience,
  }, async () => {
    await ask(leader, `!member remove ${guest.userId}`);
    // Their own homeserver may not notice: what it missed before the removal it can no longer ask for.
    const near = new AccountHttp(live.homeserver.url, live.accessTokenOf(leader));
    for (const { roomId } of leader.rooms()) {
      const members = () =>
        near.json("GET", path`/_matrix/client/v3/rooms/${roomId}/joined_members`, Joined);
      await expect
        .poll(async () => Object.keys((await members()).joined), { timeout: patience })
        .not.toContain(guest.userId);
    }
    const later = await leader.say(coordination, "said after the removal");
    await leader.reads(later);
    const http = new AccountHttp(homeservers.far.url, guest.accessToken);
    const { chunk } = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${coordination}/messages`,
      z.object({ chunk: z.array(z.object({ event_id: z.string() })) }),
      { query: { dir: "b", limit: "100" } },
    );
    expect(chunk.map((event) => event.event_id)).not.toContain(later);
    expect(chunk.length).toBeGreaterThan(0);
  });
});
