import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
import { AccountHttp } from "../../../src/matrix/http.ts";
import { isPassing } from "../../../src/matrix/patience.ts";
import { readRoomChanges } from "../../../src/matrix/session/room-changes.ts";
import { settleState } from "../../../src/matrix/session/settle-state.ts";
import { readSyncResponse } from "../../../src/matrix/session/sync-response.ts";
import { testLocation } from "../../support/database.ts";
import { type FaultyServer, startFaultyServer } from "../../support/faulty-server.ts";

const roomId = RoomId.parse("!room");
const bot = UserId.parse("@clerk:near.example");
const person = UserId.parse("@judge:far.example");
let db: Awaited<ReturnType<typeof openDatabase>>;
let server: FaultyServer;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
  server = await startFaultyServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

function membership(value: string) {
  return {
    ...{ event_id: "$1", sender: bot, type: "m.room.member", state_key: person },
    ...{ content: { membership: value }, origin_server_ts: 1 },
  };
}

/** A response tells that somebody of another homeserver is invited, and the homeserver is asked. */
async function settle(status: number, answer: string) {
  server.answer = (_request, response) => void response.writeHead(status).end(answer);
  const response = readSyncResponse({
    next_batch: "s1",
    rooms: { join: { [roomId]: { timeline: { events: [membership("invite")] } } } },
  });
  const room = response?.rooms.join.get(roomId);
  if (room === undefined) throw new Error("the room is missing");
  const http = new AccountHttp(server.url, "token", bot);
  const changes = readRoomChanges(roomId, room);
  return (await settleState({ db, http, userId: bot }, changes)).memberships.get(person);
}

describe("the state of a room that several homeservers share", () => {
  it("is what the homeserver says now, not what the response tells", async () => {
    expect(await settle(200, JSON.stringify([membership("join")]))).toBe("join");
  });

  it("is what the response tells where the account is no longer in the room", async () => {
    const refusal = JSON.stringify({ errcode: "M_FORBIDDEN", error: "not in the room" });
    expect(await settle(403, refusal)).toBe("invite");
  });

  it.each([403, 404, 502])("is asked for again where a proxy answers with %i", async (status) => {
    await expect(settle(status, "<h1>Not here</h1>")).rejects.toSatisfy(isPassing);
  });
});
