import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { listReceived, receiveEvent, retryDue } from "../../src/db/repositories/inbox.ts";
import { placeOfPayload, Step } from "../../src/db/repositories/outbox.ts";
import type { Database } from "../../src/db/schema.ts";
import { keepUnreadable } from "../../src/delivery/unreadable.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "../support/database.ts";

const clerk = UserId.parse("@clerk:example.org");
const scribe = UserId.parse("@scribe:example.org");
const sender = UserId.parse("@person:example.org");
const roomId = RoomId.parse("!room");
const vault = new Vault(randomBytes(32));
const start = Temporal.Instant.from("2026-12-15T08:00:00Z");

let db: Kysely<Database>;
let now: Temporal.Instant;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});

beforeEach(async () => {
  now = start;
  for (const table of ["inbox", "outbox", "unreadable_hint"] as const) {
    await db.deleteFrom(table).execute();
  }
});

afterAll(() => db.destroy());

function eventOf(id: string) {
  return {
    event_id: EventId.parse(`$${id}`),
    room_id: roomId,
    sender,
    type: "m.room.encrypted",
    content: {},
    origin_server_ts: 1,
  };
}

async function receive(id: string, sessionId: string, account = clerk): Promise<void> {
  const event = eventOf(id);
  await db.transaction().execute((transaction) =>
    receiveEvent(transaction, {
      account,
      eventId: event.event_id,
      roomId,
      sender,
      originServerTs: 1,
      json: JSON.stringify(event),
      megolm: { sessionId, index: Number.parseInt(id, 36) },
    }),
  );
}

/** The event could not be decrypted, so many seconds after the beginning. */
function fail(id: string, seconds: number, account = clerk, code = "UNKNOWN_SESSION") {
  now = start.add({ seconds });
  return keepUnreadable(db, { vault, now: () => now }, account, eventOf(id), code);
}

const due = async (seconds: number) => {
  await retryDue(db, clerk, start.add({ seconds }));
  return (await listReceived(db, clerk, "pending", 10)).length;
};

describe("a message that cannot be read", () => {
  it("is tried again after 10, 20 and 40 s, at 60 s in any case, and then ever more rarely", async () => {
    await receive("1", "s");
    const tried = [0];
    for (let second = 0; second <= 4 * 3600 && tried.length < 12; ) {
      await fail("1", second);
      const row = await db.selectFrom("inbox").select("retry_at").executeTakeFirstOrThrow();
      second = start.until(Temporal.Instant.from(row.retry_at ?? "")).total("seconds");
      expect(await due(second - 1)).toBe(0);
      expect(await due(second)).toBe(1);
      tried.push(second);
    }
    expect(tried.slice(0, 8)).toEqual([0, 10, 20, 40, 60, 120, 240, 480]);
  });

  it("is pointed out to its sender after a minute, in the room, once", async () => {
    await receive("1", "s");
    expect(await fail("1", 0)).toBe(false);
    expect(await fail("1", 40)).toBe(false);
    expect(await fail("1", 60)).toBe(true);
    expect(await fail("1", 120)).toBe(false);
    const [row, ...others] = await db.selectFrom("outbox").selectAll().execute();
    expect(others).toEqual([]);
    if (row === undefined) throw new Error("nothing was said");
    const step = Step.parse(
      vault.system.open(placeOfPayload(row.account, row.transaction_id), row.payload, Step),
    );
    expect(row).toMatchObject({ account: clerk, lane: roomId });
    expect(step).toMatchObject({
      kind: "send",
      room: { roomId },
      content: {
        msgtype: "m.notice",
        body: expect.stringMatching(/^I could not read your message.*send it again/),
        "m.mentions": { user_ids: [sender] },
        "m.relates_to": { "m.in_reply_to": { event_id: "$1" } },
      },
    });
  });

  it("is pointed out once for a session, even where several of our accounts could not read it", async () => {
    await receive("1", "s");
    await receive("1", "s", scribe);
    await fail("1", 0);
    await fail("1", 0, scribe);
    const said = await Promise.all([fail("1", 60), fail("1", 60, scribe)]);
    expect(said.filter(Boolean)).toHaveLength(1);
  });

  it("is not pointed out to the same person again within the hour, but after it", async () => {
    for (const [id, session] of ["a", "b", "c"].map((id) => [id, id])) {
      await receive(id ?? "", session ?? "");
      await fail(id ?? "", 0);
    }
    expect(await fail("a", 60)).toBe(true);
    expect(await fail("b", 90)).toBe(false);
    expect(await fail("c", 3_659)).toBe(false);
    expect(await fail("c", 3_660)).toBe(true);
  });

  it("is passed over in silence if it was said before we were in the room", async () => {
    await receive("1", "s");
    await fail("1", 0);
    expect(await fail("1", 600, clerk, "HISTORICAL_MESSAGE_USER_NOT_JOINED")).toBe(false);
  });
});
