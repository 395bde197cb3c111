import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CaseHarness, openCaseHarness } from "../../support/case-harness.ts";
import { fireTimers } from "../../support/fire-timers.ts";

let harness: CaseHarness;

beforeAll(async () => {
  harness = await openCaseHarness({
    template: "jit",
    profile: { name: "HERON", timeZone: "Europe/Brussels" },
    people: [
      {
        localpart: "leader",
        function: "Prosecutor",
        state: "BE",
        role: "leader",
        timeZone: "Europe/Brussels",
      },
    ],
    now: "2026-12-14T08:00:00Z",
  });
});

beforeEach(async () => {
  for (const table of ["timer", "outbox", "meeting", "counter"] as const) {
    await harness.db.deleteFrom(table).execute();
  }
});

afterAll(() => harness.close());

/** Fires what is due at an instant, and gives all that was ever said, with its room. */
function at(instant: string): Promise<readonly string[]> {
  return fireTimers(harness, instant);
}

const schedule = (text: string, room = "coordination") =>
  harness.ask("leader", room, `!meeting schedule ${text}`);

describe("the reminder of a meeting", () => {
  it("comes 24 hours and 1 hour before the start, in the room where it was scheduled", async () => {
    await schedule("16 December 2026 09:30 for 2h evidence", "leaders");
    expect(await at("2026-12-15T08:29:59Z")).toEqual([]);
    const first = await at("2026-12-15T08:30:05Z");
    expect(first).toHaveLength(1);
    expect(first[0]).toMatch(/^!leaders: Reminder: M-001 evidence starts in 24 h\.\n\n/);
    expect(first[0]).toContain("When: Wed 16 December 2026, 09:30–11:30 (Europe/Brussels)");
    const second = await at("2026-12-16T07:30:00Z");
    expect(second).toHaveLength(2);
    expect(second[1]).toContain("starts in 1 h.");
    expect(await at("2026-12-16T12:00:00Z")).toHaveLength(2);
  });

  it("keeps to wall-clock time when clocks change in between", async () => {
    await schedule("29 March 2027 09:30 for 1h");
    // 24 hours before, although the clock then showed 08:30.
    expect(await at("2027-03-28T07:29:00Z")).toEqual([]);
    expect(await at("2027-03-28T07:30:00Z")).toHaveLength(1);
  });

  it("is not set for an instant that is past when the meeting is scheduled", async () => {
    await schedule("tomorrow 08:30");
    expect(await at("2026-12-14T08:00:10Z")).toEqual([]);
    expect(await at("2026-12-15T06:30:00Z")).toHaveLength(1);
  });

  it("comes once and late when the program was down, not once for each that was due", async () => {
    await schedule("16 December 2026 09:30");
    const said = await at("2026-12-16T08:00:00Z");
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/This comes late: it was due on Wed 16 December 2026, 08:30/);
    expect(said[0]).toContain("starts in 30 min.");
    expect(await at("2026-12-16T09:00:00Z")).toHaveLength(1);
  });

  it("says so when the meeting has begun meanwhile", async () => {
    await schedule("16 December 2026 09:30");
    expect((await at("2026-12-17T00:00:00Z"))[0]).toContain("has begun");
  });

  it("is not given in a case that is over", async () => {
    await schedule("16 December 2026 09:30 for 2h evidence");
    const state = (name: string) =>
      harness.db.updateTable("case_file").set({ state: name }).execute();
    await state("closed");
    expect(await at("2026-12-15T08:30:05Z")).toEqual([]);
    await state("operational");
  });

  it("stands in the log, and its row says nothing about the case", async () => {
    await schedule("16 December 2026 09:30 secret evidence");
    await at("2026-12-16T07:30:00Z");
    const timers = await harness.db.selectFrom("timer").selectAll().execute();
    expect(JSON.stringify(timers)).not.toMatch(/evidence|HERON/);
    const acts = await harness.db
      .selectFrom("journal")
      .select(["act", "actor"])
      .orderBy("sequence", "desc")
      .limit(1)
      .execute();
    expect(acts).toEqual([{ act: "meeting.remind", actor: "clerk" }]);
  });
});
