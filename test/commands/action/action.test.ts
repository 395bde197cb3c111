import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CaseHarness } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";

let harness: CaseHarness;
beforeAll(async () => {
  harness = await openNightjar();
});
afterAll(() => harness.close());

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

describe("!action add", () => {
  it("finds the owner on the roster and the due date at the end", async () => {
    const answer = await ask(
      "ro-pros",
      "!action add @BE-POLICE seize the hotel registers by Friday",
    );
    expect(answer).toContain("A-001");
    expect(answer).toContain("What: seize the hotel registers");
    expect(answer).toContain("Who: Police officer, human trafficking (BE)");
    expect(answer).toContain("Due: Fri 4 December 2026");
  });

  it("takes a State for all its people, and the sender where nobody is named", async () => {
    expect(await ask("be-ij", "!action add @RO send the interview records")).toContain("Who: RO");
    expect(await ask("be-ij", "!action add call Utrecht by phone")).toMatch(
      /What: call Utrecht by phone\nWho: Investigating judge, JIT leader \(BE\)\nStatus: open/,
    );
  });

  it("explains an unknown owner and an impossible date, and uses up no number", async () => {
    expect(await ask("be-ij", "!action add @ROPROS send it")).toContain("Did you mean @RO-PROS?");
    expect(await ask("be-ij", "!action add send it by 31/02/2027")).toContain(
      "not a date that exists",
    );
    expect(await ask("be-ij", "!action add send it by 1 December 2025")).toContain(
      "is in the past",
    );
    expect(await ask("be-ij", "!action add")).toMatch(
      /Say what is to be done[\s\S]*Usage: !action add/,
    );
    expect(await ask("be-ij", "!action add @NL file the report")).toContain("A-004");
  });

  it("is denied to participants and observers", async () => {
    expect(await ask("europol", "!action add send it")).toMatch(/^Your role/);
    expect(await ask("md-obs", "!action add send it")).toMatch(/^Your role/);
  });
});

describe("!action list and done", () => {
  it("lists the open ones, due first, and says what is overdue", async () => {
    harness.setNow("2026-12-05T08:00:00Z");
    const answer = await ask("md-obs", "!action list");
    expect([...answer.matchAll(/A-\d+/g)].map(String)).toEqual([
      "A-001",
      "A-002",
      "A-003",
      "A-004",
    ]);
    expect(answer).toContain("Fri 4 December 2026 (overdue)");
  });

  it("marks one as done once, by whom and when", async () => {
    expect(await ask("be-police", "!action done A-1")).toContain(
      "Done: by Police officer, human trafficking (BE) on 5 December 2026",
    );
    expect(await ask("be-ij", "!action done A-001")).toContain("A-001 was done by Police officer");
    expect(await ask("be-ij", "!action list")).not.toContain("A-001");
    expect(await ask("be-ij", "!action list all")).toContain("A-001");
  });

  it("does not touch from the room of all what the leaders agreed among themselves", async () => {
    expect(await ask("be-ij", "!action add @NL prepare recognition", "leaders")).toContain("A-005");
    expect(await ask("be-ij", "!action list")).not.toContain("A-005");
    expect(await ask("be-ij", "!action done A-005")).toContain(
      "There is no action item A-005 here",
    );
    expect(await ask("be-ij", "!action done A-005", "leaders")).toContain("Status: done");
  });

  it("is denied to observers where it changes something", async () => {
    expect(await ask("md-obs", "!action done A-002")).toMatch(/^Your role/);
  });
});

describe("the rows of action items", () => {
  it("hold no word of what was said", async () => {
    const rows = await harness.db.selectFrom("action_item").selectAll().execute();
    expect(rows).toHaveLength(5);
    expect(JSON.stringify(rows)).not.toMatch(/hotel|Utrecht|Police/);
  });
});
