import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { ChaosOptions } from "../../src/dev/chaos/options.ts";
import { runChaos } from "../../src/dev/chaos/run.ts";
import { testDatabaseUrl } from "../support/database.ts";

describe("the bots, killed while people of two homeservers talk to them and one is away", () => {
  it("carry out and answer every command exactly once", { timeout: 400_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "rogatory-chaos-"));
    const databaseUrl = await testDatabaseUrl();
    vi.stubEnv("ROGATORY_CHAOS_DATABASE_URL", databaseUrl);
    const options = ChaosOptions.parse({
      ...{ kills: 5, homeserverRestarts: 1, minutes: 0.4, farOutage: 0.15, seed: 1 },
      ...(databaseUrl === undefined ? {} : { database: "postgresql", databaseCuts: 3 }),
    });
    const { faults, requests, tally } = await runChaos(options, folder);

    expect(faults.killsAtRandom + faults.killsInMessage).toBe(5);
    expect(faults.homeserverRestarts).toBe(1);
    expect(faults.databaseCuts).toBe(databaseUrl === undefined ? 0 : 3);
    expect(faults.connectionsCut).toBeGreaterThanOrEqual(faults.databaseCuts);
    expect(faults.farOutage?.missed).toBeGreaterThan(0);
    expect(faults.farOutage?.catchUpSeconds).toBeDefined();
    expect(requests.limited + requests.lostRequest + requests.lostAnswer).toBeGreaterThan(0);
    expect(tally.effects).toBeGreaterThan(10);
    expect(tally).toEqual({
      ...{ commands: tally.commands, effects: tally.effects },
      ...{ lostEffects: 0, doubledEffects: 0, strangeEffects: 0 },
      ...{ unanswered: 0, doublyAnswered: 0, unread: 0, undecryptable: 0 },
      ...{ deadSteps: 0, unfinishedSteps: 0, unhandledEvents: 0 },
    });
    await rm(folder, { recursive: true, force: true });
  });
});
