import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { ensureAccount } from "../../src/db/repositories/accounts.ts";
import { listOpenGaps } from "../../src/db/repositories/timeline-gaps.ts";
import type { Database } from "../../src/db/schema.ts";
import { GapWorker } from "../../src/delivery/gap-worker.ts";
import { RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
import { readRoomChanges } from "../../src/matrix/session/room-changes.ts";
import { readSyncResponse } from "../../src/matrix/session/sync-response.ts";
import { saveSyncBatch } from "../../src/matrix/session/sync-store.ts";
import { ensureManagement } from "../../src/services/management/ensure-room.ts";
import { reportLostGaps } from "../../src/services/management/troubles.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "../support/database.ts";

const clerk = UserId.parse("@clerk:example.org");
const vault = new Vault(randomBytes(32));
const room = RoomId.parse("!room:x");
const other = RoomId.parse("!other:x");
let now = Temporal.Instant.from("2026-12-15T08:00:00Z");
let db: Kysely<Database>;
let server: Server;
/** Answers to `/messages`, by room: status and body for each question. */
let answers: Map<string, (from: string) => readonly [status: number, body: object]>;
let asked: { readonly room: string; readonly from: string; readonly to: string | null }[];

beforeAll(async () => {
  db = await openDatabase(await testLocation());
  await ensureAccount(db, vault, now, clerk);
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    const roomId = decodeURIComponent(url.pathname.split("/")[5] ?? "");
    const from = url.searchParams.get("from") ?? "";
    asked.push({ room: roomId, from, to: url.searchParams.get("to") });
    const [status, body] = answers.get(roomId)?.(from) ?? [200, { chunk: [] }];
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.close();
  await db.destroy();
});
beforeEach(async () => {
  answers = new Map();
  asked = [];
  await db.deleteFrom("inbox").execute();
  await db.deleteFrom("timeline_gap").execute();
});

const message = (id: string) => ({
  event_id: `$${id}`,
  sender: "@a:x",
  type: "m.room.encrypted",
  content: { ciphertext: "AwgA" },
  origin_server_ts: 1,
});

/** One response to a sync; in it the named rooms. */
async function sync(
  since: string,
  next: string,
  rooms: Readonly<
    Record<
      string,
      { readonly limited: boolean; readonly messages: string[]; readonly removed?: boolean }
    >
  >,
): Promise<void> {
  const encryption = {
    ...{ event_id: "$e", sender: "@a:x", type: "m.room.encryption", state_key: "" },
    ...{ content: { algorithm: "m.megolm.v1.aes-sha2" }, origin_server_ts: 1 },
  };
  const removal = {
    ...{ event_id: "$l", sender: "@a:x", type: "m.room.member", state_key: clerk },
    ...{ content: { membership: "leave" }, origin_server_ts: 1 },
  };
  const join = Object.entries(rooms).map(([id, { limited, messages, removed }]) => [
    id,
    {
      state: { events: [encryption, ...(removed === true ? [removal] : [])] },
      timeline: { limited, prev_batch: `p-${next}`, events: messages.map(message) },
    },
  ]);
  const response = readSyncResponse({
    next_batch: next,
    rooms: { join: Object.fromEntries(join) },
  });
  if (response === undefined) throw new Error("no response");
  await saveSyncBatch(
    db,
    {
      ...{ account: clerk, since, nextBatch: next, now, retryAll: false, told: [], withheld: [] },
      rooms: [...response.rooms.join].map(([id, joined]) => readRoomChanges(id, joined)),
      ...{ ownAccounts: new Set([clerk]), invitations: [] },
    },
    async () => {},
  );
}

class OneRound extends GapWorker {
  readonly done = Promise.withResolvers<void>();

  protected override async work(): Promise<number | undefined> {
    try {
      return await super.work();
    } finally {
      this.done.resolve();
    }
  }
}

/** Lets a worker do what is due now. */
async function fill(): Promise<readonly string[]> {
  const failures: string[] = [];
  const errors: unknown[] = [];
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  const worker = new OneRound({
    db,
    session: { userId: clerk, http: new AccountHttp(url, "t", clerk) },
    ownAccounts: new Set([clerk]),
    now: () => now,
    onFetched() {},
    onFailure: ({ room: failed, code, final }) => failures.push(`${failed} ${code} ${final}`),
  });
  worker.start((error) => void errors.push(error));
  await worker.done.promise;
  await worker.stop();
  expect(errors).toEqual([]);
  return failures;
}

async function inbox(state: "pending" | "held") {
  const rows = await db
    .selectFrom("inbox")
    .select("event_id")
    .where("state", "=", state)
    .orderBy("position")
    .execute();
  return rows.map((row) => row.event_id);
}

describe("a gap", () => {
  it("is filled oldest first over all pages, an empty one too, before what came after it", async () => {
    answers.set(room, (from) => {
      if (from === "s1") return [200, { chunk: [message("1"), { junk: true }], end: "t2" }];
      if (from === "t2") return [200, { chunk: [], end: "t3" }];
      if (from === "t3") return [200, { chunk: [message("2"), message("3")], end: "t4" }];
      return [200, { chunk: [] }];
    });
    await sync("s1", "s2", { [room]: { limited: true, messages: ["3", "4"] } });
    await sync("s2", "s3", { [room]: { limited: false, messages: ["5"] } });
    expect(await inbox("held")).toEqual(["$3", "$4", "$5"]);
    expect(await fill()).toEqual([]);
    expect(await inbox("pending")).toEqual(["$1", "$2", "$3", "$4", "$5"]);
    expect(asked.map(({ from }) => from)).toEqual(["s1", "t2", "t3", "t4"]);
    expect(asked.every(({ to }) => to === "p-s2")).toBe(true);
    expect(await listOpenGaps(db, clerk)).toEqual([]);
  });

  it("ends where the place does not move any more", async () => {
    answers.set(room, () => [200, { chunk: [message("1")], end: "s1" }]);
    await sync("s1", "s2", { [room]: { limited: true, messages: [] } });
    await fill();
    expect(asked).toHaveLength(1);
    expect(await inbox("pending")).toEqual(["$1"]);
  });

  it("comes before a later gap of the room, and each before what follows it", async () => {
    answers.set(room, (from) =>
      from === "s1" ? [200, { chunk: [message("1")] }] : [200, { chunk: [message("3")] }],
    );
    await sync("s1", "s2", { [room]: { limited: true, messages: ["2"] } });
    await sync("s2", "s3", { [room]: { limited: true, messages: ["4"] } });
    await fill();
    expect(await inbox("pending")).toEqual(["$1", "$2", "$3", "$4"]);
  });

  it("goes on where it was when the process ends between two pages", async () => {
    let works = false;
    answers.set(room, (from) => {
      if (from === "s1") return [200, { chunk: [message("1")], end: "t2" }];
      return works ? [200, { chunk: [message("2")] }] : [500, { errcode: "M_UNKNOWN" }];
    });
    await sync("s1", "s2", { [room]: { limited: true, messages: ["3"] } });
    expect(await fill()).toEqual([`${room} M_UNKNOWN false`]);
    expect(await inbox("pending")).toEqual(["$1"]);
    works = true;
    now = now.add({ minutes: 1 });
    await fill();
    expect(await inbox("pending")).toEqual(["$1", "$2", "$3"]);
    expect(asked.map(({ from }) => from)).toEqual(["s1", "t2", "t2"]);
  });

  it("of a room that gives nothing holds up no other room, and its own only for a while", async () => {
    answers.set(room, () => [500, { errcode: "M_UNKNOWN" }]);
    answers.set(other, () => [200, { chunk: [message("o1")] }]);
    await sync("s1", "s2", {
      [room]: { limited: true, messages: ["2"] },
      [other]: { limited: true, messages: ["o2"] },
    });
    await fill();
    expect(await inbox("pending")).toEqual(["$o1", "$o2"]);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      now = now.add({ minutes: 1 });
      await fill();
    }
    expect(await inbox("pending")).toEqual(["$o1", "$o2", "$2"]);
    await sync("s2", "s3", { [room]: { limited: false, messages: ["3"] } });
    expect(await inbox("held")).toEqual([]);
    expect(await listOpenGaps(db, clerk)).toHaveLength(1);
  });

  it("is given up when the homeserver refuses, lets the others go on, and is told once", async () => {
    answers.set(room, () => [403, { errcode: "M_FORBIDDEN" }]);
    await sync("s1", "s2", { [room]: { limited: true, messages: ["2"] } });
    expect(await fill()).toEqual([`${room} M_FORBIDDEN true`]);
    expect(await inbox("pending")).toEqual(["$2"]);
    expect(await fill()).toEqual([]);
    const told = () =>
      db.transaction().execute(async (transaction) => {
        const work = { db: transaction, vault, now };
        await ensureManagement(work, clerk, [UserId.parse("@operator:x")]);
        await reportLostGaps(work, clerk);
        const steps = await transaction
          .selectFrom("outbox")
          .select("transaction_id")
          .where("transaction_id", "like", "gap.%")
          .execute();
        return steps.length;
      });
    expect(await told()).toBe(1);
    expect(await told()).toBe(1);
    expect(await db.selectFrom("timeline_gap").selectAll().execute()).toEqual([]);
  });

  it("is given up after a day of failures, but not for a homeserver that is away", async () => {
    answers.set(room, () => [500, { errcode: "M_UNKNOWN" }]);
    await sync("s1", "s2", { [room]: { limited: true, messages: [] } });
    const began = now;
    let last: readonly string[] = [];
    while (last[0]?.endsWith("true") !== true) {
      now = now.add({ hours: 1 });
      last = await fill();
    }
    expect(began.until(now).total("hours")).toBeGreaterThanOrEqual(24);
    answers.set(other, () => [502, []]);
    await sync("s1", "s2", { [other]: { limited: true, messages: [] } });
    for (let attempt = 0; attempt < 40; attempt += 1) {
      now = now.add({ hours: 1 });
      expect(await fill()).toEqual([`${other} unreachable false`]);
    }
  });

  it("is forgotten when the account is taken out of the room, and nothing waits for it", async () => {
    const away = [500, { errcode: "M_UNKNOWN" }] as const;
    answers.set(room, () => away);
    answers.set(other, () => away);
    await sync("s1", "s2", {
      [room]: { limited: true, messages: ["1"] },
      [other]: { limited: true, messages: ["o1"] },
    });
    await fill();
    await sync("s2", "s3", { [room]: { limited: true, messages: ["2"], removed: true } });
    expect((await listOpenGaps(db, clerk)).map(({ roomId }) => roomId)).toEqual([other]);
    expect(await inbox("pending")).toEqual(["$1", "$2"]);
    expect(await inbox("held")).toEqual(["$o1"]);
  });
});
