import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { ensureAccount, readSyncToken } from "../../../src/db/repositories/accounts.ts";
import { retrySession } from "../../../src/db/repositories/inbox.ts";
import { enqueueStep } from "../../../src/db/repositories/outbox.ts";
import type { Database } from "../../../src/db/schema.ts";
import { EventId, RoomId, UserId } from "../../../src/domain/ids.ts";
import type { RoomChanges } from "../../../src/matrix/session/room-changes.ts";
import { RoomEvent } from "../../../src/matrix/session/sync-response.ts";
import { saveSyncBatch } from "../../../src/matrix/session/sync-store.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";

const clerk = UserId.parse("@clerk:example.org");
const scribe = UserId.parse("@scribe:example.org");
const roomId = RoomId.parse("!room");
const now = Temporal.Instant.from("2026-12-15T08:00:00Z");
const vault = new Vault(randomBytes(32));
let db: Kysely<Database>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
  await ensureAccount(db, vault, now, clerk);
});
afterAll(() => db.destroy());

const enqueue = (cause: string, account = clerk) =>
  db.transaction().execute((transaction) =>
    enqueueStep(transaction, vault.system, now, {
      account,
      lane: roomId,
      caseId: undefined,
      step: { kind: "send", room: { roomId }, type: "m.room.message", content: {} },
      cause,
      slot: "reply",
    }),
  );

function receive(
  sender: UserId,
  unsigned: unknown,
  id: string,
  content: object = {},
  more: Partial<RoomChanges> = {},
) {
  const message = RoomEvent.parse({
    event_id: `$${id}`,
    sender,
    type: "m.room.encrypted",
    content,
    origin_server_ts: 253_402_300_799_999,
    unsigned,
  });
  return saveSyncBatch(
    db,
    {
      account: clerk,
      since: undefined,
      nextBatch: id,
      rooms: [
        {
          roomId,
          encryption: undefined,
          historyVisibility: undefined,
          memberships: new Map(),
          membershipSenders: new Map(),
          departed: [],
          state: [],
          messages: [message],
          limited: false,
          gapBefore: undefined,
          verification: [],
          redacted: [],
          ...more,
        },
      ],
      retryAll: false,
      told: [],
      ownAccounts: new Set([clerk, scribe]),
      invitations: [],
      withheld: [],
      now,
    },
    async () => {},
  );
}

const megolm = (index: number) => {
  const bytes = [3, 8];
  for (; index >= 0x80; index = Math.floor(index / 0x80)) bytes.push((index % 0x80) | 0x80);
  const ciphertext = Buffer.from([...bytes, index, 18, 0]).toString("base64");
  return { algorithm: "m.megolm.v1.aes-sha2", session_id: "a".repeat(64), ciphertext };
};

const inboxRow = (id: string) =>
  db
    .selectFrom("inbox")
    .select(["state", "message_index", "event"])
    .where("event_id", "=", EventId.parse(`$${id}`))
    .executeTakeFirst();

describe("a message of somebody else", () => {
  const member = UserId.parse("@member:example.org");
  afterAll(() => db.deleteFrom("inbox").execute());

  it("is kept with the highest index that there is, and with none where there is none", async () => {
    await receive(member, undefined, "highest", megolm(2 ** 32 - 1));
    expect((await inboxRow("highest"))?.message_index).toBe(2 ** 32 - 1);
    await receive(member, undefined, "higher", megolm(2 ** 32));
    expect((await inboxRow("higher"))?.message_index).toBeNull();
    const odd = { ...megolm(1), session_id: "\u0000", more: "\u0000\ud800" };
    await receive(member, undefined, "odd", odd);
    expect(await inboxRow("odd")).toMatchObject({ state: "pending", message_index: null });
  });

  it("is not kept if it was taken back, or holds nothing to decrypt", async () => {
    await receive(member, { redacted_because: {} }, "redacted", megolm(2));
    await receive(member, undefined, "empty", {});
    expect(await inboxRow("redacted")).toBeUndefined();
    expect(await inboxRow("empty")).toBeUndefined();
  });

  it("keeps whether we were in the room when it was said, and nothing else beside it", async () => {
    await receive(member, { membership: "leave", age: 5 }, "before", megolm(3));
    const { unsigned } = JSON.parse((await inboxRow("before"))?.event ?? "{}");
    expect(unsigned).toEqual({ membership: "leave" });
  });

  it("is not waited for any more once it is taken back", async () => {
    await receive(member, undefined, "late", megolm(4));
    await db.updateTable("inbox").set({ state: "undecryptable" }).execute();
    await receive(member, undefined, "next", megolm(5), { redacted: [EventId.parse("$late")] });
    expect((await inboxRow("late"))?.state).toBe("done");
    expect((await inboxRow("highest"))?.state).toBe("undecryptable");
  });

  it("is tried again when the key of its session comes, and no other is", async () => {
    await db.updateTable("inbox").set({ state: "undecryptable" }).execute();
    await retrySession(db, clerk, { roomId, sessionId: "b" });
    await retrySession(db, clerk, { roomId: RoomId.parse("!other"), sessionId: "a".repeat(64) });
    expect((await inboxRow("next"))?.state).toBe("undecryptable");
    await retrySession(db, clerk, { roomId, sessionId: "a".repeat(64) });
    expect((await inboxRow("next"))?.state).toBe("pending");
    expect((await inboxRow("odd"))?.state).toBe("undecryptable");
  });
});

const step = (cause: string) =>
  db
    .selectFrom("outbox")
    .select(["state", "event_id", "confirmed_at", "failure"])
    .where("transaction_id", "=", `${cause}.reply`)
    .where("account", "=", clerk)
    .executeTakeFirstOrThrow();

describe("a message of our own that comes back", () => {
  it("is confirmed and needs no sending again, whatever the sender knew of it", async () => {
    for (const state of ["pending", "dead", "done"] as const) {
      await enqueue(state);
      await db
        .updateTable("outbox")
        .set({ state, failure: "unreachable" })
        .where("transaction_id", "=", `${state}.reply`)
        .execute();
      await receive(clerk, { transaction_id: `${state}.reply` }, `event-${state}`);
      expect(await step(state)).toEqual({
        state: "done",
        event_id: `$event-${state}`,
        confirmed_at: now.toString(),
        failure: null,
      });
    }
    expect(await readSyncToken(db, clerk)).toBe("event-done");
    expect(await db.selectFrom("inbox").selectAll().execute()).toEqual([]);
  });

  it("confirms nothing without a transaction id, or if another account sent it", async () => {
    await enqueue("waits");
    await receive(clerk, { age: 5 }, "other-1");
    await receive(scribe, { transaction_id: "waits.reply" }, "other-2");
    expect(await step("waits")).toMatchObject({ state: "pending", confirmed_at: null });
  });
});
