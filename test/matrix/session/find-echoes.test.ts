import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ensureAccount } from "../../../src/db/repositories/accounts.ts";
import { wantRenewal } from "../../../src/db/repositories/device-renewals.ts";
import { enqueueStep, type Step } from "../../../src/db/repositories/outbox.ts";
import { Sender } from "../../../src/delivery/sender.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import { DeviceId, type RoomId } from "../../../src/domain/ids.ts";
import { AccountHttp, path } from "../../../src/matrix/http.ts";
import { createSqlIndexedDb, installIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { readRegistration } from "../../../src/matrix/provisioning/registration.ts";
import { openSession } from "../../../src/matrix/session/open-session.ts";
import { finishShreddings } from "../../../src/process/finish-shreddings.ts";
import { recoverIn } from "../../../src/process/recover-bot.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

let live: LiveCase;
let leader: Person;
let room: RoomId;

beforeAll(async () => {
  live = await openLiveCase();
  leader = await live.person("leader");
  room = await live.coordination(leader);
  await leader.replyTo(await leader.say(room, "!help"));
});
afterAll(() => live.close());

const now = () => Temporal.Now.instant();
const fail = (error: unknown) => {
  throw error;
};

function saying(body: string): Step {
  return {
    kind: "send",
    room: { roomId: room },
    type: "m.room.message",
    content: { msgtype: "m.notice", body },
  };
}

function sharing(fileName: string): Step {
  const bytesBase64 = Buffer.from("minutes").toString("base64");
  return {
    kind: "send-file",
    room: { roomId: room },
    fileName,
    mimeType: "text/plain",
    bytesBase64,
  };
}

/** Each in a lane of its own, so that they are sent several at once. */
function enqueue(cause: string, steps: readonly Step[]): Promise<void> {
  const { config, db, vault } = live;
  return db.transaction().execute(async (transaction) => {
    for (const [index, step] of steps.entries()) {
      await enqueueStep(transaction, vault.system, now(), {
        ...{ account: config.bots.clerk, caseId: undefined, step, cause },
        ...{ lane: `${cause} ${index}`, slot: String(index) },
      });
    }
  });
}

/**
 * The clerk sends everything, and its process ends before it has kept an answer or seen an echo. For
 * up to an hour Synapse remembers a transaction id of any device, unless it is started again.
 */
async function sendUnnoticed(cause: string, steps: readonly Step[]): Promise<void> {
  const { config, db, vault } = live;
  await enqueue(cause, steps);
  const store = createSqlIndexedDb({ db, onFatal: fail });
  installIndexedDb(store.indexedDB);
  const { as_token: token } = await readRegistration(config.homeserver.registrationFile);
  const { session } = await openSession({
    ...{ db, vault, now, token, userId: config.bots.clerk, bot: "clerk", displayName: "Clerk" },
    ...{ homeserverUrl: live.homeserver.url, ownAccounts: new Set(), log() {}, onSynced() {} },
    mayAccept: async () => false,
  });
  const sent = Promise.withResolvers<void>();
  let left = steps.length;
  const sender = new Sender({
    ...{ db, vault, session, now, onDone() {}, onFatal: sent.reject },
    onFailure: ({ code }) => sent.reject(new Error(code)),
    onSent() {
      left -= 1;
      if (left === 0) sent.resolve();
    },
  });
  sender.start(sent.reject);
  await sent.promise;
  await sender.stop();
  await session.crypto.stop();
  await store.close();
  await db
    .updateTable("outbox")
    .set({ state: "pending", attempts: 0, event_id: null })
    .where("transaction_id", "like", `${cause}.%`)
    .where("confirmed_at", "is", null)
    .execute();
  await live.homeserver.restart();
}

/**
 * How often the leader has read each message, once nothing is left to be sent. What was said while the
 * homeserver was started again may come to a client after what was said later, from a gap.
 */
async function timesRead(bodies: readonly string[]): Promise<readonly number[]> {
  await settled();
  const end = `that was all: ${bodies[0]}`;
  await enqueue(end, [saying(end)]);
  live.tick();
  for (const wanted of [...bodies, end]) {
    await leader.firstMessage(({ body }) => body === wanted, wanted);
  }
  return bodies.map((wanted) => leader.timeline(room).filter(({ body }) => body === wanted).length);
}

function settled() {
  const open = () =>
    live.db
      .selectFrom("outbox")
      .select(["kind", "state", "failure"])
      .where("state", "<>", "done")
      .execute();
  return expect.poll(open, { timeout: 30_000 }).toEqual([]);
}

async function deviceOf(bot: "registrar" | "clerk") {
  return (await ensureAccount(live.db, live.vault, now(), live.config.bots[bot])).deviceId;
}

async function renew(bot: "registrar" | "clerk"): Promise<void> {
  const { config, db, vault } = live;
  const former = await deviceOf(bot);
  await db
    .transaction()
    .execute((transaction) => wantRenewal(transaction, vault, config.bots[bot]));
  await finishShreddings({ config, db, vault, now });
  expect(await deviceOf(bot)).not.toBe(former);
}

describe("a bot that becomes a new device", () => {
  it("says nothing again that the former device has said unnoticed, and the rest once", async () => {
    await live.stopBots();
    // More than the homeserver shows of a room at once.
    const said = Array.from({ length: 60 }, (_, number) => `said before the renewal ${number}`);
    const file = "minutes before the renewal.txt";
    await sendUnnoticed("unnoticed", [...said.map(saying), sharing(file)]);
    await enqueue("later", [saying("not said before the renewal")]);
    await renew("clerk");
    await live.startBots();
    const bodies = [...said, file, "not said before the renewal"];
    expect(await timesRead(bodies)).toEqual(bodies.map(() => 1));
  });

  it("has the keys of what was said to the former device meanwhile", async () => {
    await live.stopBots();
    const asked = await leader.say(room, "!action add said before the renewal");
    await renew("clerk");
    await live.startBots();
    // It reads the command; but a key that came over does not say who wrote it.
    expect((await leader.replyTo(asked)).body).toContain("Please send it again");
  });

  it("makes no room twice that the former device has made unnoticed, and invites nobody again", async () => {
    const { config, db } = live;
    const rooms = () =>
      db.selectFrom("case_room").select(["id", "room_id"]).orderBy("id").execute();
    const before = await rooms();
    await live.stopBots();
    await db.updateTable("case_room").set({ room_id: null }).execute();
    await db
      .updateTable("outbox")
      .set({ state: "pending", attempts: 1, event_id: null })
      .where("account", "=", config.bots.registrar)
      .where("kind", "not in", ["send", "send-file"])
      .execute();
    await renew("registrar");
    await live.startBots();
    await settled();
    expect(await rooms()).toEqual(before);
  });
});

describe("a bot that is recovered", () => {
  async function loseStores(): Promise<void> {
    const prefix = `rogatory/${live.config.bots.clerk}/`;
    await sql`update crypto_database set name = 'lost/' || name where name like ${`${prefix}%`}`.execute(
      live.db,
    );
  }

  async function recover(): Promise<void> {
    const { config, db, vault } = live;
    const former = await deviceOf("clerk");
    await recoverIn({ config, db, vault, now }, { bot: "clerk", recoveryKey: undefined });
    expect(await deviceOf("clerk")).not.toBe(former);
  }

  it("says nothing again that it has said unnoticed before its crypto store was lost", async () => {
    await live.stopBots();
    await sendUnnoticed("lost", [saying("said before the loss")]);
    await loseStores();
    await enqueue("found", [saying("not said before the loss")]);
    await recover();
    await live.startBots();
    const bodies = ["said before the loss", "not said before the loss"];
    expect(await timesRead(bodies)).toEqual([1, 1]);
  });

  it("says nothing again even if its device was deleted on the homeserver", async () => {
    await live.stopBots();
    await sendUnnoticed("deleted", [saying("said before the deletion")]);
    const { as_token: token } = await readRegistration(live.config.homeserver.registrationFile);
    const http = new AccountHttp(live.homeserver.url, token, live.config.bots.clerk);
    await http.json(
      "DELETE",
      path`/_matrix/client/v3/devices/${await deviceOf("clerk")}`,
      z.object({}),
    );
    await enqueue("afterwards", [saying("not said before the deletion")]);
    await recover();
    await live.startBots();
    const bodies = ["said before the deletion", "not said before the deletion"];
    expect(await timesRead(bodies)).toEqual([1, 1]);
  });

  it("says nothing again even if its database is older than the device that said it", async () => {
    const { config, db } = live;
    await live.stopBots();
    await sendUnnoticed("restored", [saying("said after the backup")]);
    await db
      .updateTable("account")
      .set({ device_id: DeviceId.parse("RGTEARLIER") })
      .where("user_id", "=", config.bots.clerk)
      .execute();
    await enqueue("rest", [saying("not said before the backup")]);
    await recover();
    await live.startBots();
    const bodies = ["said after the backup", "not said before the backup"];
    expect(await timesRead(bodies)).toEqual([1, 1]);
  });
});
