import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { findAccount } from "../../../src/db/repositories/accounts.ts";
import { readJournal } from "../../../src/db/repositories/journal.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import { DeviceId, type RoomId, UserId } from "../../../src/domain/ids.ts";
import { AccountHttp, path } from "../../../src/matrix/http.ts";
import { createSqlIndexedDb, installIndexedDb } from "../../../src/matrix/indexeddb/index.ts";
import { readRegistration } from "../../../src/matrix/provisioning/registration.ts";
import { openSession } from "../../../src/matrix/session/open-session.ts";
import { readPublishedIdentity } from "../../../src/matrix/session/published-identity.ts";
import { recoverIn } from "../../../src/process/recover-bot.ts";
import { type LiveCase, openLiveCase } from "../../support/live-case.ts";

let live: LiveCase;
let leader: Person;
let room: RoomId;

beforeAll(async () => {
  live = await openLiveCase();
  leader = await live.person("leader", { onlySignedDevices: true });
  room = await live.coordination(leader);
  await leader.replyTo(await leader.say(room, "!action add before the loss"));
});
afterAll(() => live.close());

const now = () => Temporal.Now.instant();

function recover(bot: "registrar" | "clerk" | "scribe", recoveryKey?: string) {
  const { config, db, vault } = live;
  return recoverIn({ config, db, vault, now }, { bot, recoveryKey });
}

async function status() {
  const [account] = await live.ask["bot.status"]({ bot: "clerk" });
  if (account === undefined) throw new Error("no account");
  return account;
}

const Devices = z.object({ devices: z.array(z.object({ device_id: DeviceId })) });

/** What the homeserver has of an account. */
async function published(userId: UserId = live.config.bots.clerk) {
  const { as_token: token } = await readRegistration(live.config.homeserver.registrationFile);
  const http = new AccountHttp(live.homeserver.url, token, userId);
  const { devices } = await http.json("GET", "/_matrix/client/v3/devices", Devices);
  const account = await findAccount(live.db, userId);
  if (account === undefined) throw new Error("no account");
  return {
    http,
    deviceId: account.deviceId,
    devices: devices.map(({ device_id: id }) => id),
    ...(await readPublishedIdentity(http, userId, account.deviceId)),
  };
}

/** Lets the crypto stores of the clerk disappear, or come back. */
async function renameStores(from: string, to: string): Promise<void> {
  await sql`update crypto_database set name = ${to} || substr(name, ${from.length + 1})
    where name like ${`${from}%`}`.execute(live.db);
}

describe("a bot's identity", () => {
  it("is complete once the bots run, and can be looked at", async () => {
    const account = await status();
    expect(account).toMatchObject({
      bots: ["clerk"],
      running: true,
      cryptoStore: true,
      crossSigning: { published: true, deviceSigned: true },
      secretStorage: true,
      keyBackup: { enabled: true },
      withheld: [],
      undecryptable: [],
      problems: [],
    });
    expect(account.lastSync).toBeLessThan(120);
    expect(account.ed25519).toBe((await published()).device?.ed25519);
  });

  it("can be looked at while the bots are stopped", async () => {
    await live.stopBots();
    expect(await status()).toMatchObject({
      running: false,
      cryptoStore: true,
      crossSigning: { published: true, deviceSigned: true },
      problems: [],
    });
    await live.startBots();
  });

  it("gives its recovery key to an operator, and the log says so", async () => {
    const { recoveryKey } = await live.ask["bot.recovery-key"]({ bot: "clerk", reason: "safe" });
    expect(recoveryKey).toMatch(/^(\w{4} ){11}\w{4}$/);
    const acts: string[] = [];
    await live.db.transaction().execute(async (transaction) => {
      for await (const { act, details } of readJournal(transaction)) {
        acts.push(act);
        expect(details).not.toContain(recoveryKey);
      }
    });
    expect(acts).toContain("bot.recovery-key");
  });

  it("stops the start if the crypto store is gone, and replaces nothing", async () => {
    const before = await published();
    const prefix = `rogatory/${live.config.bots.clerk}/`;
    await live.stopBots();
    await renameStores(prefix, "lost/");
    await expect(live.startBots()).rejects.toMatchObject({
      code: "identity.store-lost",
      message: expect.stringContaining("rogatory bot recover clerk"),
    });
    await renameStores(prefix, "refused/");
    await renameStores("lost/", prefix);
    await live.startBots();
    const { master, devices, device } = await published();
    expect({ master, devices, device }).toEqual({
      master: before.master,
      devices: before.devices,
      device: before.device,
    });
  });

  it("is published by the next start if the process ended before", async () => {
    await live.stopBots();
    const { config, db, vault } = live;
    const userId = UserId.parse("@rogatory_second:rogatory.localhost");
    const { as_token: token } = await readRegistration(config.homeserver.registrationFile);
    const store = createSqlIndexedDb({
      db,
      onFatal(error) {
        throw error;
      },
    });
    installIndexedDb(store.indexedDB);
    const open = () =>
      openSession({
        ...{ db, vault, now, userId, token, bot: "second", displayName: "Second" },
        homeserverUrl: live.homeserver.url,
        ownAccounts: new Set([userId]),
        mayAccept: async () => false,
        onSynced() {},
        log() {},
      });
    const real = globalThis.fetch;
    const fetching = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      return url.includes("/keys/device_signing/upload")
        ? Response.json({ errcode: "M_FORBIDDEN" }, { status: 403 })
        : real(input, init);
    });
    await expect(open()).rejects.toThrow();
    expect((await published(userId)).master).toBeUndefined();
    fetching.mockRestore();

    const { session } = await open();
    const held = await session.crypto.identity.held();
    expect(held?.master).toBeDefined();
    expect(await published(userId)).toMatchObject({ ...held, deviceSigned: true });
    expect(await session.crypto.identity.isSecretStorageReady()).toBe(true);
    await session.crypto.stop();
    await store.close();
    await live.startBots();
  });
});

describe("a recovery", () => {
  it("makes a new device of the same identity, which reads what was said before", async () => {
    const asked = await leader.say(room, "!help");
    await leader.replyTo(asked);
    const before = await published();
    // The backup is filled in the background.
    await expect
      .poll(async () => (await status()).keyBackup?.keys, { timeout: 30_000 })
      .toBeGreaterThan(1);
    await live.stopBots();
    const row = () =>
      live.db
        .updateTable("inbox")
        .where("event_id", "=", asked)
        .where("account", "=", live.config.bots.clerk);
    await row().set({ state: "undecryptable" }).execute();
    for (const table of ["crypto_record", "crypto_store", "crypto_database"]) {
      await live.db.schema.dropTable(table).execute();
    }
    await expect(live.startBots()).rejects.toMatchObject({ code: "identity.store-lost" });

    const recovered = await recover("clerk");
    await recover("registrar");
    await recover("scribe");
    const after = await published();
    expect(recovered.keys.imported).toBeGreaterThan(1);
    expect(recovered.keys.imported).toBe(recovered.keys.total);
    expect(recovered.deletedDevices).toEqual([before.deviceId]);
    expect(after).toMatchObject({
      deviceId: recovered.deviceId,
      devices: [recovered.deviceId],
      master: before.master,
      deviceSigned: true,
    });
    expect(after.device?.ed25519).not.toBe(before.device?.ed25519);

    await live.startBots();
    await expect
      .poll(() =>
        live.db
          .selectFrom("inbox")
          .select("state")
          .where("event_id", "=", asked)
          .where("account", "=", live.config.bots.clerk)
          .execute(),
      )
      .toEqual([{ state: "done" }]);
    const reply = await leader.replyTo(await leader.say(room, "!action add after the recovery"));
    expect(reply.body).toContain("after the recovery");
    expect(await leader.shieldOf(reply.eventId)).toBeUndefined();
    expect(await status()).toMatchObject({ keyBackup: { enabled: true }, problems: [] });
  });

  it("takes a recovery key that was kept elsewhere, and refuses a wrong one", async () => {
    const { recoveryKey } = await live.ask["bot.recovery-key"]({ bot: "clerk", reason: "test" });
    const other = await live.ask["bot.recovery-key"]({ bot: "registrar", reason: "test" });
    const before = await published();
    await live.stopBots();
    await before.http.json(
      "DELETE",
      path`/_matrix/client/v3/devices/${before.deviceId}`,
      z.object({}),
    );
    await expect(live.startBots()).rejects.toMatchObject({ code: "identity.device-deleted" });
    await live.db
      .updateTable("account")
      .set({ recovery_key: null })
      .where("user_id", "=", live.config.bots.clerk)
      .execute();
    await expect(recover("clerk")).rejects.toMatchObject({ code: "recovery.key" });
    await expect(recover("clerk", other.recoveryKey)).rejects.toMatchObject({
      code: "recovery.key",
    });
    await expect(recover("clerk", "something")).rejects.toMatchObject({
      code: "recovery-key.malformed",
    });
    expect((await published()).deviceId).toBe(before.deviceId);

    await recover("clerk", `${recoveryKey}\n`);
    expect(await published()).toMatchObject({ master: before.master, deviceSigned: true });
    await live.startBots();
    const again = await live.ask["bot.recovery-key"]({ bot: "clerk", reason: "test" });
    expect(again.recoveryKey).toBe(recoveryKey);
    const reply = await leader.replyTo(await leader.say(room, "!action list"));
    expect(reply.body).toContain("after the recovery");
  });
});
