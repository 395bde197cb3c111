import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { receiveEvent } from "../../../src/db/repositories/inbox.ts";
import type { Database, InboxState } from "../../../src/db/schema.ts";
import { EventId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { dropEvent, listEvents, retryEvent } from "../../../src/services/inbox/inbox-events.ts";
import type { Work } from "../../../src/services/work.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";

const account = UserId.parse("@clerk:example.org");
const sender = UserId.parse("@nightjar-leader:example.org");
const roomId = RoomId.parse("!room");
const vault = new Vault(randomBytes(32));
const sent = Temporal.Instant.from("2026-12-15T08:00:00Z");
const now = sent.add({ minutes: 90 });
let db: Kysely<Database>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});
beforeEach(() => db.deleteFrom("inbox").execute());
afterAll(() => db.destroy());

const work = <T>(does: (work: Work) => Promise<T>): Promise<T> =>
  db.transaction().execute((transaction) => does({ db: transaction, vault, now }));

/** A received event that has come into a state. */
async function event(state: InboxState): Promise<number> {
  const eventId = EventId.parse(`$${state}`);
  await work(({ db: transaction }) =>
    receiveEvent(transaction, {
      ...{ account, eventId, roomId, sender, originServerTs: sent.epochMilliseconds },
      ...{ json: '{"content":{"ciphertext":"secret"}}', megolm: undefined },
    }),
  );
  const { position } = await db
    .updateTable("inbox")
    .set({
      state,
      ...(state === "parked" ? { failure: "TypeError" } : {}),
      ...(state === "held" ? { held_by: 7 } : {}),
      ...(state === "doubtful" ? { retry_at: now.add({ minutes: 1 }).toString() } : {}),
    })
    .where("event_id", "=", eventId)
    .returning("position")
    .executeTakeFirstOrThrow();
  return position;
}

const row = (id: number) =>
  db.selectFrom("inbox").selectAll().where("position", "=", id).executeTakeFirstOrThrow();

describe("the inbox, for operators", () => {
  it("lists what waits and what was set aside, with room and code, and neither content nor sender", async () => {
    const ids: number[] = [];
    for (const state of ["undecryptable", "held", "doubtful", "parked"] as const) {
      ids.push(await event(state));
    }
    for (const state of ["pending", "done", "replayed", "dropped"] as const) await event(state);
    const all = await work((one) => listEvents(one, { parked: false }));
    expect(all.map(({ id }) => id)).toEqual(ids);
    expect(JSON.stringify(all)).not.toMatch(/secret|nightjar/);
    const parked = await work((one) => listEvents(one, { parked: true }));
    expect(parked).toEqual([
      {
        ...{ id: ids[3], account, roomId, eventId: "$parked", state: "parked" },
        ...{ failure: "TypeError", sentAt: "2026-12-15T08:00:00Z", age: 5400 },
      },
    ]);
  });

  it.each(["parked", "held", "doubtful", "undecryptable"] as const)(
    "lets one be handled again that is %s, at once",
    async (state) => {
      const id = await event(state);
      await work((one) => retryEvent(one, id));
      expect(await row(id)).toMatchObject({
        ...{ state: "pending", failure: null, held_by: null, retry_at: null },
      });
    },
  );

  it("lets one be dropped for a reason, which stands in the log", async () => {
    const id = await event("parked");
    await work((one) => dropEvent(one, id, "typed again"));
    expect(await row(id)).toMatchObject({ state: "dropped", failure: "TypeError" });
    const last = await db
      .selectFrom("journal")
      .selectAll()
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(last).toMatchObject({ act: "inbox.drop", actor: "operator", case_id: null });
    expect(last.details).not.toContain("typed");
  });

  it("refuses what is handled, is about to be, or was never there, and logs nothing of it", async () => {
    const acts = () => db.selectFrom("journal").select("act").execute();
    const before = await acts();
    for (const state of ["done", "pending", "replayed"] as const) {
      const id = await event(state);
      await expect(work((one) => retryEvent(one, id))).rejects.toMatchObject({
        code: "inbox.settled",
      });
      await expect(work((one) => dropEvent(one, id, "x"))).rejects.toMatchObject({
        code: "inbox.settled",
      });
      expect(await row(id)).toMatchObject({ state });
    }
    await expect(work((one) => retryEvent(one, 999_999))).rejects.toMatchObject({
      code: "inbox.unknown",
    });
    expect(await acts()).toEqual(before);
  });
});
