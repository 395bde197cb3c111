import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createClient } from "matrix-js-sdk";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { openDatabase } from "../../../src/db/database.ts";
import { enqueueStep } from "../../../src/db/repositories/outbox.ts";
import { Sender } from "../../../src/delivery/sender.ts";
import { DeviceId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { CryptoBackendContract, type RoomView } from "../../../src/matrix/crypto/backend.ts";
import { AccountCrypto } from "../../../src/matrix/crypto/crypto.ts";
import { sdkLogger } from "../../../src/matrix/crypto/sdk-logger.ts";
import { AccountHttp } from "../../../src/matrix/http.ts";
import { createSqlIndexedDb, installIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";
import { type FaultyServer, startFaultyServer } from "../../support/faulty-server.ts";

const bot = UserId.parse("@bot:near.example");
const far = UserId.parse("@person:far.example");
const encryption = { algorithm: "m.megolm.v1.aes-sha2" };
const DeviceKeys = z.looseObject({ user_id: z.string(), device_id: z.string() });
const Upload = z.object({ device_keys: DeviceKeys });
const Query = z.object({ device_keys: z.record(z.string(), z.unknown()) });

let server: FaultyServer;
/** Claims of keys that have come. */
let claims = 0;
let answersClaims = false;
const claimed = Promise.withResolvers<void>();

beforeAll(async () => {
  server = await startFaultyServer();
  const published = new Map<string, Record<string, unknown>>();
  server.answer = async (request, response) => {
    const path = new URL(request.url ?? "", server.url).pathname;
    const body = await bodyOf(request);
    const give = (answer: unknown) => response.end(JSON.stringify(answer));
    if (path.endsWith("/keys/upload")) {
      const keys = Upload.safeParse(body).data?.device_keys;
      if (keys !== undefined) published.set(keys.user_id, { [keys.device_id]: keys });
      give({ one_time_key_counts: { signed_curve25519: 50 } });
    } else if (path.endsWith("/keys/query")) {
      const people = Object.keys(Query.parse(body).device_keys);
      give({ device_keys: Object.fromEntries(people.map((id) => [id, published.get(id) ?? {}])) });
    } else if (path.endsWith("/keys/claim")) {
      claims += 1;
      claimed.resolve();
      if (answersClaims) give({ one_time_keys: {}, failures: { "far.example": {} } });
    } else if (path.includes("/send/")) give({ event_id: "$sent" });
    else if (path.includes("/sendToDevice/")) give({});
    else response.writeHead(404).end('{"errcode":"M_NOT_FOUND"}');
  };
  const person = createClient({
    ...{ baseUrl: server.url, userId: far, deviceId: "FAR", accessToken: "token" },
    logger: sdkLogger(() => {}),
  });
  await person.initRustCrypto({ useIndexedDB: false });
  await CryptoBackendContract.parse(
    person.getCrypto(),
  ).outgoingRequestsManager.doProcessOutgoingRequests();
  person.stopClient();
  expect([...published.keys()]).toEqual([far]);
});
afterAll(() => server[Symbol.asyncDispose]());

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}

function viewOf(roomId: RoomId): RoomView {
  const people = roomId === "!near" ? [bot] : [bot, far];
  const members = people.map((userId) => ({ userId, membership: "join" }));
  return {
    roomId,
    getJoinedMembers: () => members,
    getEncryptionTargetMembers: async () => members,
    shouldEncryptForInvitedMembers: () => false,
    getHistoryVisibility: () => "joined",
    getBlacklistUnverifiedDevices: () => null,
  };
}

it("a claim that nobody answers holds up the rooms of people of that homeserver, and no other", async () => {
  const db = await openDatabase(await testLocation());
  const store = createSqlIndexedDb({ db, onFatal: () => {} });
  installIndexedDb(store.indexedDB);
  const crypto = await AccountCrypto.open(
    {
      ...{ homeserverUrl: server.url, token: "token", userId: bot, log: () => {} },
      ...{ deviceId: DeviceId.parse("BOT"), storeKey: randomBytes(32) },
      claims: { patienceMs: 1_000, firstRestMs: 2_000 },
    },
    { read: async () => undefined },
  );
  const views = new Map<RoomId, RoomView>();
  const roomIds = ["!near", ...Array.from({ length: 8 }, (_, index) => `!far${index}`)];
  for (const roomId of roomIds.map((id) => RoomId.parse(id))) {
    views.set(roomId, viewOf(roomId));
    await crypto.configureRoom(viewOf(roomId), encryption);
  }
  const vault = new Vault(randomBytes(32));
  const now = () => Temporal.Now.instant();
  const say = (roomId: RoomId) =>
    db.transaction().execute((transaction) =>
      enqueueStep(transaction, vault.system, now(), {
        ...{ account: bot, lane: roomId, caseId: undefined, cause: roomId, slot: "x" },
        step: {
          ...{ kind: "send", room: { roomId }, type: "m.room.message" },
          content: { msgtype: "m.notice", body: "x" },
        },
      }),
    );
  const stateOf = async () =>
    new Map(
      (await db.selectFrom("outbox").select(["lane", "state", "failure"]).execute()).map((row) => [
        row.lane,
        row,
      ]),
    );
  const failed = Promise.withResolvers<never>();
  const sends = Array.from(roomIds, () => Promise.withResolvers<void>());
  let sent = 0;
  const sender = new Sender({
    ...{ db, vault, now, onDone() {}, onFailure() {}, onFatal: failed.reject },
    session: {
      ...{ userId: bot, http: new AccountHttp(server.url, "token") },
      encrypt: (roomId, type, content) =>
        crypto.encrypt(views.get(roomId) ?? viewOf(roomId), type, content),
    },
    onSent() {
      sends[sent]?.resolve();
      sent += 1;
    },
  });
  const near = RoomId.parse("!near");
  for (const roomId of views.keys()) if (roomId !== near) await say(roomId);
  sender.start(failed.reject);
  await claimed.promise;
  await say(near);
  sender.wake();

  await Promise.race([sends[0]?.promise, failed.promise]);
  const states = await stateOf();
  expect(states.get(near)?.state).toBe("done");
  // One was in vain, and the others were not tried.
  expect(claims).toBe(1);
  const waiting = [...states.values()].filter(({ state }) => state === "pending");
  expect(waiting.length).toBe(8);
  // Which is tried again for ever, and becomes no dead letter.
  expect(waiting.map(({ failure }) => failure)).toContain("unreachable");

  answersClaims = true;
  await Promise.race([Promise.all(sends.map(({ promise }) => promise)), failed.promise]);
  expect([...(await stateOf()).values()].every(({ state }) => state === "done")).toBe(true);
  await sender.stop();
  await crypto.stop();
  await store.close();
  await db.destroy();
});
