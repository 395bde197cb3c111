import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { BotName } from "../../src/domain/case/bots.ts";
import { testDatabaseUrl } from "../support/database.ts";
import { openProgramCase, type ProgramCase } from "../support/program-case.ts";
import { rogatory } from "./rogatory.ts";

const Recovered = z.object({
  deviceId: z.string(),
  keys: z.object({ total: z.number(), imported: z.number() }),
  deletedDevices: z.array(z.string()),
});

let program: ProgramCase;
let databaseUrl: string | undefined;

beforeAll(async () => {
  databaseUrl = await testDatabaseUrl();
  program = await openProgramCase(databaseUrl);
}, 180_000);
afterAll(() => program?.close());

function devices() {
  return program.inDatabase(async (db) =>
    db.selectFrom("account").select(["user_id", "device_id"]).orderBy("user_id").execute(),
  );
}

describe("rogatory bot recover", { timeout: 240_000 }, () => {
  it("is refused while the bots run, and changes nothing", async () => {
    const { deployment } = program;
    const refused = await rogatory([
      "bot",
      "recover",
      "clerk",
      "--config",
      deployment.files.configuration,
    ]);
    expect(refused).toMatchObject({ code: 1, output: "" });
    expect(refused.errors).toContain("[bots.running]");
    if (databaseUrl === undefined) return;
    // On another machine with the same database, only the locks in it can say so.
    const other = await mkdtemp(join(tmpdir(), "rogatory-other-"));
    for (const file of ["rogatory.yaml", "registration.yaml", "master.key", "database.url"]) {
      await cp(join(deployment.files.configuration, "..", file), join(other, file));
    }
    const elsewhere = await rogatory(["bot", "recover", "clerk"], { cwd: other });
    await rm(other, { recursive: true, force: true });
    expect(elsewhere).toMatchObject({ code: 1, output: "" });
    expect(elsewhere.errors).toContain("[bots.running]");
  });

  it("brings every bot back after the loss of all crypto stores, and they answer again", async () => {
    const { deployment, leader, coordination } = program;
    await leader.replyTo(await leader.say(coordination, "!action add said before the loss"));
    await program.stopBots();
    const before = await devices();
    await program.inDatabase(async (db) => {
      for (const table of ["crypto_record", "crypto_store", "crypto_database"]) {
        await db.schema.dropTable(table).execute();
      }
    });
    await expect(program.startBots()).rejects.toThrow("exit code 1");
    const recovered = new Map<string, z.infer<typeof Recovered>>();
    for (const bot of BotName.options) {
      const began = performance.now();
      const printed = await deployment.rogatory("bot", "recover", bot, "--json");
      // Nobody waits for the time limits of requests, which are a minute.
      expect(performance.now() - began).toBeLessThan(55_000);
      recovered.set(program.config.bots[bot], Recovered.parse(JSON.parse(printed)));
    }
    for (const { user_id: userId, device_id: deviceId } of before) {
      expect(recovered.get(userId)?.deletedDevices).toEqual([deviceId]);
    }
    expect(await devices()).toEqual(
      before.map((row) => ({ ...row, device_id: recovered.get(row.user_id)?.deviceId })),
    );
    const clerk = recovered.get(program.config.bots.clerk);
    expect(clerk?.keys.imported).toBe(clerk?.keys.total);

    await program.startBots();
    const reply = await leader.replyTo(await leader.say(coordination, "!action list"));
    expect(reply.body).toContain("said before the loss");
    expect(await leader.shieldOf(reply.eventId)).toBeUndefined();
  });
});
