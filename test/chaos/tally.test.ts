import { describe, expect, it } from "vitest";
import { markersIn } from "../../src/dev/chaos/talk.ts";
import { isFlawless, type Tally } from "../../src/dev/chaos/tally.ts";

const flawless: Tally = {
  ...{ commands: 10, effects: 7, lostEffects: 0, doubledEffects: 0, strangeEffects: 0 },
  ...{ unanswered: 0, doublyAnswered: 0, unread: 0, undecryptable: 0 },
  ...{ deadSteps: 0, unfinishedSteps: 0, unhandledEvents: 0 },
};

describe("a tally", () => {
  it("is flawless only if something was asked and nothing went wrong", () => {
    expect(isFlawless(flawless)).toBe(true);
    expect(isFlawless({ ...flawless, doublyAnswered: 1 })).toBe(false);
    expect(isFlawless({ ...flawless, commands: 0 })).toBe(false);
  });

  it("tells marker-1 from marker-10", () => {
    expect(markersIn("Number: A-001 What: marker-10 ask")).toEqual(["marker-10"]);
    expect(markersIn("!action list")).toEqual([]);
  });
});
