import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { enqueueStep } from "../../../src/db/repositories/outbox.ts";
import type { Database, OutboxState } from "../../../src/db/schema.ts";
import { CaseId, newId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { dropStep, listSteps, retryStep } from "../../../src/services/outbox/outbox-steps.ts";
import type { Work } from "../../../src/services/work.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";

const account = UserId.parse("@clerk:example.org");
const roomId = RoomId.parse("!room");
const vault = new Vault(randomBytes(32));
const made = Temporal.Instant.from("2026-12-15T08:00:00Z");
const now = made.add({ minutes: 90 });
let db: Kysely<Database>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});
beforeEach(() => db.deleteFrom("outbox").execute());
afterAll(() => db.destroy());

const work = <T>(does: (work: Work) => Promise<T>): Promise<T> =>
  db.transaction().execute((transaction) => does({ db: transaction, vault, now }));

it("do not show who comes into a case", async () => {
  const caseId = newId(CaseId);
  await db.transaction().execute((transaction) =>
    enqueueStep(transaction, vault.system, made, {
      ...{ account, lane: `people:${caseId}:@be-ij:example.org`, caseId: undefined },
      step: { kind: "send", room: { roomId }, type: "m.room.message", content: { body: "x" } },
      ...{ cause: "coming", slot: "x" },
    }),
  );
  const [listed] = await work((on) => listSteps(on, { dead: false }));
  expect(listed?.lane).toBe(`people:${caseId}`);
});

async function step(state: OutboxState, cause: string): Promise<number> {
  await db.transaction().execute((transaction) =>
    enqueueStep(transaction, vault.system, made, {
      account,
      lane: roomId,
      caseId: undefined,
      step: {
        kind: "send",
        room: { roomId },
        type: "m.room.message",
        content: { body: "secret" },
      },
      cause,
      slot: "reply",
    }),
  );
  const { position } = await db
    .updateTable("outbox")
    .set({
      state,
      ...(state === "dead" ? { failure: "M_FORBIDDEN", attempts: 11, not_before: "x" } : {}),
    })
    .where("transaction_id", "=", `${cause}.reply`)
    .returning("position")
    .executeTakeFirstOrThrow();
  return position;
}

const row = (id: number) =>
  db.selectFrom("outbox").selectAll().where("position", "=", id).executeTakeFirstOrThrow();

describe("the outbox, for operators", () => {
  it("lists what waits and what was given up, with age and code, and never content", async () => {
    const dead = await step("dead", "a");
    const pending = await step("pending", "b");
    await step("done", "c");
    const all = await work((one) => listSteps(one, { dead: false }));
    expect(all.map(({ id }) => id)).toEqual([dead, pending]);
    const given = await work((one) => listSteps(one, { dead: true }));
    expect(given).toEqual([
      {
        id: dead,
        account,
        lane: roomId,
        kind: "send",
        state: "dead",
        attempts: 11,
        failure: "M_FORBIDDEN",
        createdAt: "2026-12-15T08:00:00Z",
        age: 5400,
      },
    ]);
    expect(JSON.stringify(all)).not.toContain("secret");
  });

  it("lets a dead letter be tried again, as one that may have had its effect", async () => {
    const id = await step("dead", "a");
    await work((one) => retryStep(one, id));
    expect(await row(id)).toMatchObject({ state: "pending", attempts: 1, not_before: null });
  });

  it("lets a step be dropped for a reason, which stands in the log", async () => {
    const id = await step("dead", "a");
    await work((one) => dropStep(one, id, "the room is gone"));
    expect(await row(id)).toMatchObject({ state: "dropped" });
    expect(await work((one) => listSteps(one, { dead: false }))).toEqual([]);
    const last = await db
      .selectFrom("journal")
      .selectAll()
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(last).toMatchObject({ act: "outbox.drop", actor: "operator" });
    expect(last.details).not.toContain("gone");
  });

  it("refuses what is settled or was never there", async () => {
    const id = await step("done", "a");
    await expect(work((one) => retryStep(one, id))).rejects.toMatchObject({
      code: "outbox.settled",
    });
    await expect(work((one) => dropStep(one, 999_999, "x"))).rejects.toMatchObject({
      code: "outbox.unknown",
    });
    expect(await row(id)).toMatchObject({ state: "done" });
  });
});
