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

describe("!meeting schedule", () => {
  it("takes the sender's zone, and shows what other clocks show", async () => {
    const answer = await ask(
      "ro-pros",
      "!meeting schedule jit tomorrow 14:00 for 90 min: evidence",
    );
    expect(answer).toContain("M-001");
    expect(answer).toContain("JIT operational meeting");
    expect(answer).toContain("Wed 2 December 2026, 14:00–15:30 (Europe/Bucharest)");
    expect(answer).toMatch(/13:00–14:30 in Europe\/Amsterdam, Europe\/Belgrade, Europe\/Brussels/);
  });

  it("takes a zone and a venue that are said, and the usual kind as title", async () => {
    const answer = await ask(
      "ej-ro",
      "!meeting schedule 15 December 2026 at 09:30 Europe/Amsterdam for 2h, venue: The Hague",
    );
    expect(answer).toContain("M-002");
    expect(answer).toContain("Kind: Coordination meeting");
    expect(answer).toContain("Venue: The Hague");
  });

  it("refuses what is past, too far, too long or without a time, and uses up no number", async () => {
    expect(await ask("ro-pros", "!meeting schedule yesterday 10:00")).toContain("is in the past");
    expect(await ask("ro-pros", "!meeting schedule 15 December 2062 09:30")).toContain(
      "Check the year",
    );
    expect(
      await ask("ro-pros", "!meeting schedule 1 March 2027 09:00 – 1 April 2027 10:00"),
    ).toContain("longer than 14 days");
    const missing = await ask("ro-pros", "!meeting schedule 15 December 2026");
    expect(missing).toContain("At what time on Tue 15 December 2026?");
    expect(missing).toContain("Usage: !meeting schedule");
    expect(await ask("ro-pros", "!meeting schedule Fri 10:00")).toContain("M-003");
  });

  it("is denied to members who do not lead, and to observers", async () => {
    for (const who of ["ro-police", "europol", "md-obs"]) {
      expect(await ask(who, "!meeting schedule tomorrow 10:00")).toMatch(/^Your role/);
    }
  });
});

describe("!meeting list and show", () => {
  it("lists what is to come in the order of the calendar, in the reader's zone", async () => {
    const answer = await ask("ro-pros", "!meeting list");
    expect([...answer.matchAll(/M-\d+/g)].map(String)).toEqual(["M-001", "M-003", "M-002"]);
    expect(answer).toContain("(Europe/Amsterdam), that is 10:30–12:30 in Europe/Bucharest");
  });

  it("shows one by its number, however it is typed", async () => {
    expect(await ask("md-obs", "!meeting show m-2")).toContain("The Hague");
    expect(await ask("md-obs", "!meeting show M-009")).toContain("There is no meeting M-009 here");
    expect(await ask("md-obs", "!meeting show next")).toContain("it looks like M-001");
  });

  it("does not name in the room of all what the leaders scheduled among themselves", async () => {
    expect(await ask("be-ij", "!meeting schedule Mon 10:00 leaders only", "leaders")).toContain(
      "M-004",
    );
    expect(await ask("be-ij", "!meeting list")).not.toContain("M-004");
    expect(await ask("be-ij", "!meeting show M-004")).toContain("There is no meeting M-004 here");
    expect(await ask("be-ij", "!meeting list", "leaders")).toContain("M-004");
    expect(await ask("be-ij", "!meeting show M-001", "leaders")).toContain("M-001");
  });

  it("leaves out what is over", async () => {
    harness.setNow("2026-12-15T12:00:00Z");
    expect(await ask("ro-pros", "!meeting list")).toContain("No meeting is to come");
    expect(await ask("ro-pros", "!meeting list all")).toContain("M-002");
  });
});

describe("the rows of meetings", () => {
  it("hold no word of what was said", async () => {
    const rows = await harness.db.selectFrom("meeting").selectAll().execute();
    expect(rows).toHaveLength(4);
    expect(JSON.stringify(rows)).not.toMatch(/Hague|evidence|2026-12-15/);
  });

  it("leave one entry in the log for each meeting", async () => {
    const acts = await harness.db.selectFrom("journal").select("act").execute();
    expect(acts.filter(({ act }) => act === "meeting.schedule")).toHaveLength(4);
  });
});
