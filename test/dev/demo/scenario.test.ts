import { describe, expect, it } from "vitest";
import { isCommand, loadScenario, membersOf, onlyWith } from "../../../src/dev/demo/scenario.ts";

describe("a scenario", () => {
  it("seats the people of a workshop in every room but that of the rapporteurs", async () => {
    const scenario = await loadScenario("thb-focus-group-4");
    expect(scenario.people).toHaveLength(39);
    expect([...scenario.rooms.keys()].sort()).toEqual(
      ["plenary", "rapporteurs", "s1", "s2", "s3", "s4", "w1", "w2"].sort(),
    );
    expect(membersOf(scenario, "plenary")).toBe(39 + 3);
    expect(membersOf(scenario, "rapporteurs")).toBe(4 + 2);
  });

  it("lets nobody speak in a room they are not invited to", async () => {
    for (const id of ["nightjar", "thb-focus-group-4"]) {
      const { people, steps } = await loadScenario(id);
      for (const { who, room } of steps) {
        expect(people.find(({ localpart }) => localpart === who)?.rooms).toContain(room);
      }
    }
  });

  it("can be played by some of its people", async () => {
    const scenario = await loadScenario("thb-focus-group-4");
    const recorded = onlyWith(scenario, ({ role }) => role === "rapporteur");
    expect(new Set(recorded.steps.map(({ who }) => who)).size).toBe(2);
    expect(membersOf(recorded, "rapporteurs")).toBe(2 + 2);
  });

  it("tells commands from remarks", () => {
    expect(isCommand({ say: "!request list" })).toBe(true);
    expect(isCommand({ say: "!!! please" })).toBe(false);
    expect(isCommand({ say: "good morning" })).toBe(false);
  });
});
