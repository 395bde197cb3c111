import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { loadCommands } from "../../src/commands/registry.ts";
import { receiveEvent } from "../../src/db/repositories/inbox.ts";
import { saveManagementRoom } from "../../src/db/repositories/management.ts";
import { placeOfPayload, Step } from "../../src/db/repositories/outbox.ts";
import { type InboxOptions, InboxWorker } from "../../src/delivery/inbox-worker.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import type { Decrypted, RawEvent } from "../../src/matrix/crypto/crypto.ts";
import type { Trust } from "../../src/matrix/crypto/trust.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
import { dropEvent, listEvents, retryEvent } from "../../src/services/inbox/inbox-events.ts";
import { ensureManagement } from "../../src/services/management/ensure-room.ts";
import type { Work } from "../../src/services/work.ts";
import { type CaseHarness, harnessBots } from "../support/case-harness.ts";
import { openNightjar } from "../support/nightjar-demo.ts";
import { rememberRows } from "../support/rewind.ts";

const leader = id("nightjar-ro-pros");
const member = id("nightjar-be-ij");
const operator = id("operator");
const room = RoomId.parse("!coordination");
const operatorsRoom = RoomId.parse("!operators");
const start = Temporal.Instant.from("2026-12-01T08:15:00Z");
const clerk = harnessBots.clerk;

let harness: CaseHarness;
let rewind: () => Promise<void>;
let commands: InboxOptions["commands"];
let now: Temporal.Instant;
/** What the crypto makes of an event, by its id. */
let clear: Map<string, () => Decrypted>;
let told: string[];

beforeAll(async () => {
  harness = await openNightjar();
  commands = await loadCommands();
  await harness.db.transaction().execute(async (transaction) => {
    const work = { db: transaction, vault: harness.vault, now: start };
    await ensureManagement(work, harnessBots.registrar, [operator]);
    await saveManagementRoom(transaction, operatorsRoom);
  });
  rewind = await rememberRows(harness.db);
});
beforeEach(async () => {
  now = start;
  clear = new Map();
  told = [];
  await rewind();
});
afterAll(() => harness.close());

function id(localpart: string): UserId {
  return UserId.parse(`@${localpart}:rogatory.localhost`);
}

function said(body: string, trust: Trust = { kind: "signed" }, more: object = {}): Decrypted {
  const content = { msgtype: "m.text", body, ...more };
  return { kind: "message", type: "m.room.message", content, trust };
}

interface Received {
  readonly sender?: UserId;
  readonly index?: number;
  readonly room?: RoomId;
  readonly account?: UserId;
}

/** An event arrives, of which the crypto will say this. */
async function receive(
  name: string,
  decrypted: Decrypted | (() => Decrypted),
  { sender = leader, index, room: roomId = room, account = clerk }: Received = {},
): Promise<void> {
  clear.set(`$${name}`, typeof decrypted === "function" ? decrypted : () => decrypted);
  const event: RawEvent = {
    ...{ event_id: EventId.parse(`$${name}`), room_id: roomId, sender },
    ...{ type: "m.room.encrypted", content: {}, origin_server_ts: start.epochMilliseconds },
  };
  await harness.db.transaction().execute((transaction) =>
    receiveEvent(transaction, {
      ...{ account, eventId: event.event_id, roomId, sender },
      originServerTs: event.origin_server_ts,
      json: JSON.stringify(event),
      megolm: index === undefined ? undefined : { sessionId: "leaders-session", index },
    }),
  );
}

/** The worker looks at its inbox until nothing is left to do at once; answers with what ended it. */
async function work(more: Partial<InboxOptions> = {}, account = clerk): Promise<unknown> {
  let failure: unknown;
  const worker = new InboxWorker({
    ...{ db: harness.db, vault: harness.vault, commands, accounts: harnessBots },
    session: {
      userId: account,
      http: new AccountHttp("http://127.0.0.1:1", "token"),
      crypto: {
        async decrypt({ event_id: eventId }) {
          const result = clear.get(eventId)?.();
          if (result === undefined) throw new TypeError("not received");
          return result;
        },
      },
    },
    requireSignedDevices: true,
    now: () => now,
    at: () => now,
    onSteps() {},
    onUndecryptable: () => told.push("undecryptable"),
    onReplayed: () => told.push("replayed"),
    onParked: () => told.push("parked"),
    onPutOff: () => told.push("put off"),
    onInternalError: () => told.push("internal"),
    ...more,
  });
  worker.start((error) => {
    failure = error;
  });
  await worker.stop();
  return failure;
}

async function states(): Promise<Record<string, string>> {
  const rows = await harness.db.selectFrom("inbox").selectAll().orderBy("position").execute();
  return Object.fromEntries(rows.map((row) => [row.event_id, row.state]));
}

async function actions(): Promise<number> {
  return (await harness.db.selectFrom("action_item").select("number").execute()).length;
}

/** Transaction ids of what was put into the outbox, of one sort. */
async function steps(ending: string): Promise<readonly string[]> {
  const rows = await harness.db.selectFrom("outbox").select("transaction_id").execute();
  return rows.map((row) => row.transaction_id).filter((text) => text.endsWith(ending));
}

const undecryptable: Decrypted = { kind: "undecryptable", code: "BAD_MAC" };
const add = "!action add @nightjar-be-ij tomorrow: Once";

describe("one ciphertext", () => {
  it("is carried out once, and told to the operators when it comes again", async () => {
    await receive("first", said(add), { index: 7 });
    await receive("again", said(add), { index: 7 });
    expect(await work()).toBeUndefined();
    await receive("later", said(add), { index: 7 });
    expect(await work()).toBeUndefined();
    expect(await states()).toEqual({ $first: "done", $again: "replayed", $later: "replayed" });
    expect(await actions()).toBe(1);
    expect(told).toEqual(["replayed", "replayed"]);
    expect(await steps(".operators-replay")).toEqual([
      "replay.$again.operators-replay",
      "replay.$later.operators-replay",
    ]);
  });

  it("is not replaced by what only says that it is the same one", async () => {
    for (const index of [0, 1, 2]) {
      await receive(`junk-${index}`, undecryptable, { sender: member, index });
    }
    await work();
    await receive("genuine", said(add), { index: 1 });
    await work();
    expect(await states()).toMatchObject({ "$junk-1": "undecryptable", $genuine: "done" });
    expect(await actions()).toBe(1);
    expect(told.filter((event) => event === "replayed")).toEqual([]);
    expect(await steps(".operators-replay")).toEqual([]);
  });

  it("is the true sender's, even if somebody else's copy of it has come first", async () => {
    const forged = { kind: "doubtful", reason: "MISMATCHED_SENDER" } as const;
    await receive("copy", said(add, forged), { sender: member, index: 3 });
    await receive("genuine", said(add), { index: 3 });
    await receive("copy-again", said(add, forged), { sender: member, index: 3 });
    await work();
    expect(await states()).toEqual({
      $copy: "done",
      $genuine: "done",
      "$copy-again": "replayed",
    });
    expect(await actions()).toBe(1);
  });

  it("is known again even if what it said was answered with an error, or was no command", async () => {
    await receive("wrong", said("!action add"), { index: 1 });
    await receive("wrong-again", said("!action add"), { index: 1 });
    await receive("talk", said("good morning"), { index: 2 });
    await receive("talk-again", said("good morning"), { index: 2 });
    await work();
    expect(await states()).toMatchObject({ "$wrong-again": "replayed", "$talk-again": "replayed" });
  });
});

describe("an event that fails in its handler", () => {
  it("is set aside, told to the operators without what it says, and the next is handled", async () => {
    await receive("poison", () => {
      throw new TypeError("secret words of a message");
    });
    await receive("next", said(add));
    expect(await work()).toBeUndefined();
    expect(await states()).toEqual({ $poison: "parked", $next: "done" });
    expect(await actions()).toBe(1);
    expect(told).toEqual(["parked"]);
    const row = await harness.db
      .selectFrom("inbox")
      .select("failure")
      .where("state", "=", "parked")
      .executeTakeFirstOrThrow();
    expect(row.failure).toBe("TypeError");
    expect(await steps(".operators-parked")).toHaveLength(1);
    // The next process does not look at it again.
    expect(await work()).toBeUndefined();
    expect(told).toEqual(["parked"]);
  });

  it("is carried out once when an operator lets it be handled again, and never once it was dropped", async () => {
    const broken = () => {
      throw new TypeError("not mended yet");
    };
    await receive("retried", broken, { index: 1 });
    await receive("dropped", broken, { index: 2 });
    await work();
    for (const name of ["retried", "dropped"]) clear.set(`$${name}`, () => said(add));
    const inWork = <T>(does: (work: Work) => Promise<T>) =>
      harness.db
        .transaction()
        .execute((transaction) => does({ db: transaction, vault: harness.vault, now }));
    const [first, second] = await inWork((one) => listEvents(one, { parked: true }));
    await inWork((one) => retryEvent(one, first?.id ?? 0));
    await inWork((one) => dropEvent(one, second?.id ?? 0, "it was typed again"));
    for (let start = 1; start <= 2; start += 1) expect(await work()).toBeUndefined();
    expect(await states()).toEqual({ $retried: "done", $dropped: "dropped" });
    expect([await actions(), await steps(".reply")]).toEqual([1, ["$retried.reply"]]);
    const acts = await harness.db
      .selectFrom("journal")
      .select(["act", "case_id"])
      .where("act", "like", "inbox.%")
      .execute();
    // The room is one of the case.
    expect(acts).toEqual([
      { act: "inbox.retry", case_id: harness.caseId },
      { act: "inbox.drop", case_id: harness.caseId },
    ]);
  });

  it.each([
    ["the crypto panicked", Object.assign(new Error("unreachable"), { name: "RuntimeError" })],
    ["the database is gone", Object.assign(new Error("gone"), { code: "57P01" })],
    ["the disk is full", Object.assign(new Error("full"), { code: "53100" })],
  ])("stays where it is and ends the process if %s", async (_why, error) => {
    await receive("next", () => {
      throw error;
    });
    expect(await work()).toBe(error);
    expect(await states()).toEqual({ $next: "pending" });
    expect(told).toEqual([]);
  });
});

describe("a command that others were in the way of in the database", () => {
  /** Lets so many transactions that write an action fail as after a deadlock. */
  async function failing(times: number): Promise<void> {
    await sql`create sequence deadlocks`.execute(harness.db);
    await sql
      .raw(
        `create function deadlock() returns trigger language plpgsql as $$ begin
           if nextval('deadlocks') <= ${times} then
             raise exception using errcode = '40P01', message = 'deadlock detected';
           end if;
           return new;
         end $$`,
      )
      .execute(harness.db);
    await sql`create trigger deadlock before insert on action_item
      for each row execute function deadlock()`.execute(harness.db);
  }
  async function mend(): Promise<void> {
    await sql`drop trigger deadlock on action_item`.execute(harness.db);
    await sql`drop function deadlock`.execute(harness.db);
    await sql`drop sequence deadlocks`.execute(harness.db);
  }

  it("is tried again at once and answered once, without an error", async () => {
    await failing(2);
    await receive("asked", said(add));
    try {
      expect(await work()).toBeUndefined();
    } finally {
      await mend();
    }
    expect(await states()).toEqual({ $asked: "done" });
    expect(await actions()).toBe(1);
    expect(told).toEqual([]);
    expect(await steps(".reply")).toEqual(["$asked.reply"]);
  });

  it("stays pending if that does not end, is never answered with an error, and is done later", async () => {
    await failing(1_000);
    await receive("asked", said(add));
    try {
      expect(await work()).toBeUndefined();
    } finally {
      await mend();
    }
    expect(await states()).toEqual({ $asked: "pending" });
    expect(told).toEqual(["put off"]);
    expect(await steps(".reply")).toEqual([]);
    await work();
    expect(await states()).toEqual({ $asked: "done" });
    expect(await actions()).toBe(1);
  });
});

describe("a command whose sender's devices are not known yet", () => {
  const reason = "UNKNOWN_DEVICE";
  const passing = said(add, { kind: "doubtful", reason, passing: true });

  it("waits, and is carried out when the homeserver has told them", async () => {
    await receive("asked", passing);
    await work();
    expect(await states()).toEqual({ $asked: "doubtful" });
    clear.set("$asked", () => said(add));
    await work();
    expect(await states()).toEqual({ $asked: "doubtful" });
    now = start.add({ seconds: 10 });
    await work();
    expect(await states()).toEqual({ $asked: "done" });
    expect(await actions()).toBe(1);
  });

  it("is refused after a minute", async () => {
    await receive("asked", passing);
    for (let second = 0; second < 60; second += 10) {
      now = start.add({ seconds: second });
      await work();
      expect(await states()).toEqual({ $asked: "doubtful" });
    }
    now = start.add({ seconds: 60 });
    await work();
    expect(await states()).toEqual({ $asked: "done" });
    expect(await actions()).toBe(0);
    expect(await steps(".reply")).toEqual(["$asked.reply"]);
  });

  it("is refused at once if the homeserver has answered, and waits for nothing if it is no command", async () => {
    await receive("final", said(add, { kind: "doubtful", reason }));
    await receive("talk", said("good morning", { kind: "doubtful", reason, passing: true }));
    await work();
    expect(await states()).toEqual({ $final: "done", $talk: "done" });
    expect(await actions()).toBe(0);
  });
});

describe("where signed devices are not required", () => {
  it("carries out a command from an unsigned device, and none that is forged", async () => {
    await receive("unsigned", said(add, { kind: "doubtful", reason: "UNSIGNED_DEVICE" }));
    for (const reason of ["MISMATCHED_SENDER", "VERIFICATION_VIOLATION", "UNKNOWN_DEVICE"]) {
      await receive(reason, said(add, { kind: "doubtful", reason }));
    }
    await work({ requireSignedDevices: false });
    expect(await actions()).toBe(1);
    expect(await steps(".reply")).toHaveLength(4);
  });
});

describe("an edit", () => {
  it("never carries out what it says, whatever the message was before", async () => {
    const edit = { rel_type: "m.replace", event_id: "$x" };
    const more = { "m.relates_to": edit, "m.new_content": { msgtype: "m.text", body: add } };
    await receive("edit", said(add, { kind: "signed" }, more));
    await work();
    expect(await states()).toEqual({ $edit: "done" });
    expect([await actions(), await steps(".reply")]).toEqual([0, []]);
  });
});

describe("!bots", () => {
  const received = { sender: operator, room: operatorsRoom, account: harnessBots.registrar };
  const deskWith = (describeBots: () => Promise<never>) => ({
    desk: {
      ...{ db: harness.db, vault: harness.vault, now: () => now, requireSignedDevices: true },
      ...{ registrar: harnessBots.registrar, operators: [operator], describeBots },
    },
  });

  it("is answered with a reference if the answer cannot be found out, and ends nothing", async () => {
    await receive("asked", said("!bots"), received);
    const desk = deskWith(async () => Promise.reject(new TypeError("broken")));
    expect(await work(desk, harnessBots.registrar)).toBeUndefined();
    expect(await states()).toEqual({ $asked: "done" });
    expect(told).toEqual(["internal"]);
    expect(await steps("$asked.reply")).toHaveLength(1);
    const logged = harness.db.selectFrom("journal").select("act").where("act", "=", "command.bots");
    expect(await logged.execute()).toEqual([]);
  });

  it("is answered to operators only, whoever has come into their room", async () => {
    await receive("asked", said("!bots"), { ...received, sender: leader });
    const desk = deskWith(async () => Promise.reject(new TypeError("asked for")));
    expect(await work(desk, harnessBots.registrar)).toBeUndefined();
    expect(told).toEqual([]);
    const { payload, transaction_id } = await harness.db
      .selectFrom("outbox")
      .select(["payload", "transaction_id"])
      .where("transaction_id", "=", "$asked.reply")
      .executeTakeFirstOrThrow();
    const place = placeOfPayload(harnessBots.registrar, transaction_id);
    const step = Step.parse(harness.vault.system.open<unknown>(place, payload, z.unknown()));
    expect(JSON.stringify(step)).toContain("Only the operators of this deployment");
  });
});
