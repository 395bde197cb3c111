import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ChaosOptions } from "../../src/dev/chaos/options.ts";
import { runChaos } from "../../src/dev/chaos/run.ts";

describe("the bots, killed while people of two homeservers talk to them and one is away", () => {
  it("carry out and answer every command exactly once", { timeout: 400_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "rogatory-chaos-"));
    const options = ChaosOptions.parse({
      ...{ kills: 5, homeserverRestarts: 1, minutes: 0.4, farOutage: 0.15, seed: 1 },
    });
    const { faults, requests, tally } = await runChaos(options, folder);

    expect(faults.killsAtRandom + faults.killsInMessage).toBe(5);
    expect(faults.homeserverRestarts).toBe(1);
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
