import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { ensureAccount, readSyncToken } from "../../../src/db/repositories/accounts.ts";
import { enqueueStep } from "../../../src/db/repositories/outbox.ts";
import type { Database } from "../../../src/db/schema.ts";
import { RoomId, UserId } from "../../../src/domain/ids.ts";
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

function receive(sender: UserId, unsigned: unknown, id: string) {
  const message = RoomEvent.parse({
    event_id: `$${id}`,
    sender,
    type: "m.room.encrypted",
    content: {},
    origin_server_ts: 1,
    unsigned,
  });
  return saveSyncBatch(
    db,
    {
      account: clerk,
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
          gapBefore: undefined,
          verification: [],
        },
      ],
      keysArrived: false,
      ownAccounts: new Set([clerk, scribe]),
      invitations: [],
      withheld: [],
      now,
    },
    async () => {},
  );
}

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
