import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Account, registerAccount } from "../../../src/dev/homeserver/accounts.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import { AccountHttp } from "../../../src/matrix/http.ts";
import { provisionAccount } from "../../../src/matrix/provisioning/accounts.ts";
import { ServerAdministration } from "../../../src/matrix/provisioning/administration.ts";
import { emptyRoom } from "../../../src/matrix/provisioning/empty-room.ts";
import { type FaultyServer, startFaultyServer } from "../../support/faulty-server.ts";
import { startTestHomeserver, type TestHomeserver } from "../../support/homeserver.ts";

const registrar = UserId.parse("@rogatory_registrar:rogatory.localhost");
let homeserver: TestHomeserver;
let root: Account;
let person: AccountHttp;
let bot: AccountHttp;

beforeAll(async () => {
  homeserver = await startTestHomeserver();
  root = await registerAccount(homeserver, { localpart: "root", admin: true });
  const account = await registerAccount(homeserver, { localpart: "elena" });
  person = new AccountHttp(homeserver.url, account.accessToken);
  await provisionAccount({
    homeserverUrl: homeserver.url,
    token: homeserver.registration.as_token,
    userId: registrar,
    deviceId: z.string().brand<"DeviceId">().parse("RGT1"),
    displayName: "Registrar",
  });
  bot = new AccountHttp(homeserver.url, homeserver.registration.as_token, registrar);
});
afterAll(async () => {
  await homeserver.stop();
});

function open(adminToken?: string) {
  return ServerAdministration.open({
    homeserverUrl: homeserver.url,
    token: homeserver.registration.as_token,
    adminToken,
    registrar,
  });
}

async function createRoom(): Promise<RoomId> {
  const { room_id: roomId } = await bot.json(
    "POST",
    "/_matrix/client/v3/createRoom",
    z.object({ room_id: RoomId }),
    { body: { invite: ["@elena:rogatory.localhost"], preset: "private_chat" } },
  );
  const path = `/_matrix/client/v3/join/${encodeURIComponent(roomId)}`;
  await person.json("POST", path, z.object({}), { body: {} });
  return roomId;
}

describe("administration of the homeserver", () => {
  it("is not there for an account without the right", async () => {
    expect(await open()).toBeUndefined();
  });

  it("refuses a token that is not an administrator's with a sentence", async () => {
    await expect(open("syt_nothing")).rejects.toMatchObject({ code: "administration.refused" });
  });

  it("purges rooms and files with an administrator's token", async () => {
    const administration = await open(root.accessToken);
    const roomId = await createRoom();
    const { content_uri: uri } = await bot.json(
      "POST",
      "/_matrix/media/v1/create",
      z.object({ content_uri: z.string() }),
      { body: {} },
    );
    const [server, media] = uri.slice("mxc://".length).split("/");
    await bot.putBytes(
      `/_matrix/media/v3/upload/${server}/${media}`,
      Buffer.from("ciphertext"),
      "application/octet-stream",
    );
    expect(await administration?.purgeRoom(roomId)).toBe(true);
    expect(await administration?.purgeRoom(roomId)).toBe(true);
    expect(await administration?.purgeRoom(RoomId.parse("!never:rogatory.localhost"))).toBe(false);
    expect(await administration?.deleteMedia(uri)).toBe(true);
    expect(await administration?.deleteMedia(uri)).toBe(false);
    const joined = z.object({ joined_rooms: z.array(z.string()) });
    const { joined_rooms } = await person.json("GET", "/_matrix/client/v3/joined_rooms", joined);
    expect(joined_rooms).not.toContain(roomId);
  });

  it("takes the application service's token where the registrar is an administrator", async () => {
    const administrator = new AccountHttp(homeserver.url, root.accessToken);
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(registrar)}`;
    await administrator.json("PUT", path, z.object({}), { body: { admin: true } });
    const administration = await open();
    expect(await administration?.purgeRoom(await createRoom())).toBe(true);
  });

  it("is not there on a homeserver that is not Synapse", async () => {
    const server = createServer((_, response) => {
      response.writeHead(404, { "content-type": "application/json" });
      response.end('{"errcode":"M_UNRECOGNIZED"}');
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const homeserverUrl = `http://127.0.0.1:${port}`;
    expect(
      await ServerAdministration.open({
        ...{ homeserverUrl, token: "t", adminToken: undefined, registrar },
      }),
    ).toBeUndefined();
    await new Promise((done) => server.close(done));
  });
});

describe("a proxy that answers in the homeserver's place", () => {
  const roomId = RoomId.parse("!room:example.org");
  let server: FaultyServer;
  /** The answers to requests by what their paths hold, the last of them again and again. */
  let answers: Record<string, (readonly [status: number, body: string])[]>;
  let asked: string[];
  const html = [404, "<html>default backend</html>"] as const;
  const notFound = [404, '{"errcode":"M_NOT_FOUND","error":"gone"}'] as const;
  const fine = [200, "{}"] as const;

  beforeAll(async () => {
    server = await startFaultyServer();
    server.answer = ({ url = "" }, response) => {
      const [part, sequence] = Object.entries(answers).find(([name]) => url.includes(name)) ?? [];
      asked.push(part ?? url);
      const answer = (sequence?.length ?? 0) > 1 ? sequence?.shift() : sequence?.[0];
      const [status, body] = answer ?? html;
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    };
  });
  beforeEach(() => {
    answers = { "v1/rooms?": [fine], versions: [fine] };
    asked = [];
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const openThere = (adminToken?: string) =>
    ServerAdministration.open({
      ...{ homeserverUrl: server.url, token: "t", adminToken, registrar },
    });

  it("is no word that a room is purged or a file deleted: both are asked for again", async () => {
    const administration = await openThere();
    answers = {
      delete_status: [html, [200, '{"results":[{"status":"complete"}]}']],
      "v1/rooms/": [html, notFound],
      "v1/media/": [html, fine],
    };
    expect(await administration?.purgeRoom(roomId)).toBe(true);
    expect(await administration?.deleteMedia("mxc://example.org/file")).toBe(true);
    expect(asked.filter((part) => part === "v1/media/")).toHaveLength(2);
  });

  it("fails what it answers for long, so that it is repeated later and nothing is noted as done", async () => {
    const administration = await openThere();
    answers = { delete_status: [notFound], "v1/rooms/": [html], "v1/media/": [html] };
    await expect(administration?.purgeRoom(roomId)).rejects.toMatchObject({ status: 404 });
    await expect(administration?.deleteMedia("mxc://example.org/x")).rejects.toMatchObject({
      status: 404,
    });
    const bots = [new AccountHttp(server.url, "t", registrar)];
    const options = { ...{ bots, ownAccounts: new Set<string>() }, stays: () => false };
    await expect(
      emptyRoom(roomId, { ...options, remover: new AccountHttp(server.url, "t"), leave: true }),
    ).rejects.toMatchObject({ status: 404 });
  }, 30_000);

  it("takes nobody's right away while it answers for everything, and keeps it closed otherwise", async () => {
    answers = { "v1/rooms?": [html, html, fine], versions: [html, fine] };
    expect(await openThere()).toBeDefined();
    answers = { "v1/rooms?": [html], versions: [html] };
    await expect(openThere()).rejects.toMatchObject({ status: 404 });
    answers = { "v1/rooms?": [html], versions: [fine] };
    expect(await openThere()).toBeUndefined();
    await expect(openThere("token")).rejects.toMatchObject({ code: "administration.refused" });
  }, 30_000);
});

describe("emptying a room", () => {
  it("removes people and leaves with the bots, and may be repeated", async () => {
    const roomId = await createRoom();
    const options = {
      remover: bot,
      bots: [bot],
      ownAccounts: new Set([registrar]),
      stays: () => false,
      leave: true,
    };
    await emptyRoom(roomId, options);
    await emptyRoom(roomId, options);
    const joined = z.object({ joined_rooms: z.array(z.string()) });
    for (const http of [person, bot]) {
      const { joined_rooms } = await http.json("GET", "/_matrix/client/v3/joined_rooms", joined);
      expect(joined_rooms).not.toContain(roomId);
    }
  });
});
