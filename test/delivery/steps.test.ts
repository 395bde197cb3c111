import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  planManagement,
  saveManagementRoom,
  saveOperators,
} from "../../src/db/repositories/management.ts";
import type { Step } from "../../src/db/repositories/outbox.ts";
import { saveMembership } from "../../src/db/repositories/rooms.ts";
import type { Database } from "../../src/db/schema.ts";
import { NobodyThereError, type StepRun } from "../../src/delivery/step-run.ts";
import { carryOut } from "../../src/delivery/steps.ts";
import { registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { CaseRoomId, type EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountHttp, path } from "../../src/matrix/http.ts";
import { createFileKey } from "../../src/matrix/media/encrypted-file.ts";
import type { CaseHarness } from "../support/case-harness.ts";
import { startTestHomeserver, type TestHomeserver } from "../support/homeserver.ts";
import { openNightjar } from "../support/nightjar-demo.ts";

let homeserver: TestHomeserver;
let harness: CaseHarness;
let db: Kysely<Database>;
let http: AccountHttp;
let bot: UserId;
let person: UserId;
let caseRoomId: CaseRoomId;
/** What was encrypted for a room. */
const encrypted: Record<string, unknown>[] = [];
/** What steps have kept for a later attempt. */
let progress: unknown = null;

beforeAll(async () => {
  homeserver = await startTestHomeserver();
  const account = await registerAccount(homeserver, { localpart: "bot" });
  person = UserId.parse((await registerAccount(homeserver, { localpart: "person" })).userId);
  http = new AccountHttp(homeserver.url, account.accessToken);
  bot = UserId.parse(account.userId);
  harness = await openNightjar();
  db = harness.db;
  const row = await db.selectFrom("case_room").select("id").executeTakeFirstOrThrow();
  caseRoomId = CaseRoomId.parse(row.id);
  await setRoom(null);
});
afterAll(async () => {
  await harness?.close();
  await homeserver?.stop();
});

function setRoom(roomId: RoomId | null) {
  const row = db.updateTable("case_room").set({ room_id: roomId });
  return row.where("id", "=", caseRoomId).execute();
}

async function roomOfCase(): Promise<RoomId> {
  const row = await db
    .selectFrom("case_room")
    .select("room_id")
    .where("id", "=", caseRoomId)
    .executeTakeFirstOrThrow();
  return RoomId.parse(row.room_id);
}

const Joined = z.object({ joined_rooms: z.array(z.string()) });
const rooms = async () =>
  (await http.json("GET", "/_matrix/client/v3/joined_rooms", Joined)).joined_rooms;

function run(step: Step, more: Partial<StepRun> = {}): Promise<EventId | undefined> {
  return carryOut(step, {
    session: {
      ...{ userId: bot, http },
      async encrypt(_room, _type, content) {
        encrypted.push(content);
        return { algorithm: "m.megolm.v1.aes-sha2", ciphertext: "AwgA" };
      },
    },
    box: harness.vault.system,
    ...{ db, transactionId: randomBytes(8).toString("hex"), repeated: false, progress },
    now: () => Temporal.Now.instant(),
    async saveProgress(kept) {
      progress = kept;
    },
    ...more,
  });
}

describe("making a room", () => {
  const content = { preset: "private_chat", name: "r" };
  const step = () => ({ kind: "create-room", caseRoomId, content }) as const;

  it("again after the answer was lost finds the room by its plan key, and makes no other", async () => {
    await run(step());
    const made = await roomOfCase();
    await setRoom(null);
    await run(step(), { repeated: true });
    expect(await roomOfCase()).toBe(made);
    expect(await rooms()).toEqual([made]);
  });
});

describe("people of a room", () => {
  const Member = z.object({ membership: z.string() });
  const Timeline = z.object({ chunk: z.array(z.looseObject({ type: z.string() })) });
  const membership = async () => {
    const state = path`/_matrix/client/v3/rooms/${await roomOfCase()}/state/m.room.member/${person}`;
    return (await http.json("GET", state, Member)).membership;
  };
  /** How often their membership was changed. */
  const changes = async () => {
    const messages = path`/_matrix/client/v3/rooms/${await roomOfCase()}/messages`;
    const { chunk } = await http.json("GET", messages, Timeline, {
      query: { dir: "b", limit: "100" },
    });
    return chunk.filter(({ type, state_key: key }) => type === "m.room.member" && key === person)
      .length;
  };

  it("are invited and taken out once, however often that is tried", async () => {
    const room = { caseRoomId };
    for (const repeated of [false, true]) {
      await run({ kind: "invite", room, userId: person }, { repeated });
    }
    expect([await membership(), await changes()]).toEqual(["invite", 1]);
    // Whoever may stay is not taken out.
    await run({ kind: "kick", room, userId: person });
    expect(await membership()).toBe("invite");
    await db.insertInto("room_bar").values({ case_room_id: caseRoomId, user_id: person }).execute();
    for (const repeated of [false, true]) {
      await run({ kind: "kick", room, userId: person }, { repeated });
    }
    expect([await membership(), await changes()]).toEqual(["leave", 2]);
    await run({ kind: "invite", room, userId: person });
    expect(await membership()).toBe("leave");
  });
});

describe("a report to the operators", () => {
  it("waits until one of them is there: a stranger in their room is no reader of it", async () => {
    const roomId = await roomOfCase();
    const [operator, stranger] = [UserId.parse("@ada:x"), UserId.parse("@stranger:x")];
    await db.transaction().execute(async (transaction) => {
      await planManagement(transaction);
      await saveOperators(transaction, [operator]);
      await saveManagementRoom(transaction, roomId);
    });
    const comes = (userId: UserId) =>
      db
        .transaction()
        .execute((transaction) => saveMembership(transaction, roomId, userId, "join"));
    const report: Step = {
      ...{ kind: "send", room: { management: true }, type: "m.room.message" },
      content: { body: "x" },
    };
    for (const userId of [bot, stranger]) await comes(userId);
    await expect(run(report)).rejects.toThrow(NobodyThereError);
    await comes(operator);
    expect(await run(report)).toMatch(/^\$/);
  });
});

describe("sending a file", () => {
  const step = {
    kind: "send-file",
    ...{ fileName: "report.md", mimeType: "text/markdown" },
    bytesBase64: Buffer.from("# Report").toString("base64"),
  } as const;
  const File = z.object({ file: z.object({ url: z.string() }) });
  const sent = () => File.parse(encrypted.at(-1)).file.url;

  it("goes on with what an earlier attempt has uploaded", async () => {
    const room = { roomId: await roomOfCase() };
    await run({ ...step, room });
    const first = sent();
    await run({ ...step, room }, { repeated: true });
    expect(sent()).toBe(first);
  });

  it("takes another address where the homeserver has forgotten the reserved one", async () => {
    const server = bot.slice(bot.indexOf(":") + 1);
    const uri = `mxc://${server}/longforgotten`;
    progress = { uri, fileKey: createFileKey(), done: false };
    await run({ ...step, room: { roomId: await roomOfCase() } }, { repeated: true });
    expect(sent()).not.toBe(uri);
    expect(progress).toMatchObject({ uri: sent(), done: true });
  });
});
