import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CaseHarness, openCaseHarness } from "../../support/case-harness.ts";

let harness: CaseHarness;

beforeAll(async () => {
  harness = await openCaseHarness({
    template: "jit",
    profile: { name: "NIGHTJAR", timeZone: "Europe/Amsterdam" },
    people: [
      {
        localpart: "leader",
        function: "Prosecutor",
        state: "RO",
        role: "leader",
        timeZone: "Europe/Bucharest",
      },
      {
        localpart: "observer",
        function: "Observer",
        body: "UNODC",
        role: "observer",
        timeZone: "Europe/Vienna",
      },
    ],
    now: "2026-12-01T08:15:00Z",
  });
});
afterAll(() => harness.close());

describe("!help", () => {
  it("lists what the sender may use, and nothing else", async () => {
    expect(await harness.ask("leader", "coordination", "!help")).toContain("!help [command]");
    expect(await harness.ask("observer", "coordination", "!help")).not.toContain("!request new");
  });

  it("explains one command with its examples", async () => {
    expect(await harness.ask("leader", "coordination", "!help help")).toContain(
      "For example: !help meeting schedule",
    );
  });

  it("names the nearest command when the topic is mistyped", async () => {
    expect(await harness.ask("leader", "coordination", "!help hlep")).toContain(
      "Did you mean !help help?",
    );
  });

  it("answers an unknown command with the nearest one and its usage line", async () => {
    expect(await harness.ask("leader", "coordination", "!hepl")).toBe(
      "There is no command !hepl. Did you mean !help [command]?",
    );
  });
});
