import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readRecoveryKey } from "../../../src/db/repositories/accounts.ts";
import { readJournal } from "../../../src/db/repositories/journal.ts";
import type { Person } from "../../../src/dev/people/person.ts";
import type { RoomId } from "../../../src/domain/ids.ts";
import { AccountHttp } from "../../../src/matrix/http.ts";
import { readRegistration } from "../../../src/matrix/provisioning/registration.ts";
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
const recover = (recoveryKey?: string) =>
  recoverIn({ config: live.config, db: live.db, vault: live.vault, now }, { bot: "clerk", recoveryKey });

async function status() {
  const [account] = await live.ask["bot.status"]({ bot: "clerk" });
  if (account === undefined) throw new Error("no account");
  return account;
}

async function published() {
  const clerk = live.config.bots.clerk;
  const { as_token: token } = await readRegistration(live.config.homeserver.registrationFile);
  const { deviceId } = z.object({ deviceId: z.string() }).parse(await status());
  const http = new AccountHttp(live.homeserver.url, token, clerk);
  const { devices } = await http.json(
    "GET",
    "/_matrix/client/v3/devices",
    z.object({ devices: z.array(z.object({ device_id: z.string() })) }),
  );
  const account = await live.db
    .selectFrom("account")
    .select("device_id")
    .where("user_id", "=", clerk)
    .executeTakeFirstOrThrow();
  return {
    http,
    deviceId,
    devices: devices.map(({ device_id: id }) => id),
    ...(await readPublishedIdentity(http, clerk, account.device_id)),
  };
}

async function loseStore(): Promise<void> {
  await live.stopBots();
  for (const table of ["crypto_record", "crypto_store", "crypto_database"] as const) {
    await live.db.schema.dropTable(table).execute();
  }
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
    await live.stopBots();
    await live.db.deleteFrom("withheld_key").execute();
    const tables = await backUpStores();
    await expect(live.startBots()).rejects.toMatchObject({
      code: "identity.store-lost",
      message: expect.stringContaining("rogatory bot recover"),
    });
    expect((await status()).problems).toMatchObject([{ code: "identity.store-lost" }]);
    await tables.restore();
    await live.startBots();
    expect(await published()).toMatchObject({ master: before.master, devices: before.devices });
  });
});

describe("a recovery", () => {
  it("makes a new device of the same identity, which reads what was said before", async () => {
    const before = await published();
    await loseStore();
    const asked = await leader.say(room, "!action add said while the bot was down");
    await expect(live.startBots()).rejects.toThrow();
    const recovered = await recover();
    const after = await published();
    expect(recovered.keys.imported).toBeGreaterThan(0);
    expect(recovered.deletedDevices).toEqual([before.deviceId]);
    expect(after.devices).toEqual([recovered.deviceId]);
    expect(after.master).toBe(before.master);
    expect(after.deviceSigned).toBe(true);
    expect(after.device?.ed25519).not.toBe(before.device?.ed25519);
  });
});
