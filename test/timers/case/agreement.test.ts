import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { saveState } from "../../../src/db/repositories/cases.ts";
import { planAgreement } from "../../../src/services/case/agreement-timers.ts";
import { type CaseHarness, caseOf } from "../../support/case-harness.ts";
import { fireTimers } from "../../support/fire-timers.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { rememberRows } from "../../support/rewind.ts";

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  const { case: of } = await caseOf(harness);
  await harness.db.transaction().execute(async (transaction) => {
    const now = Temporal.Instant.from("2026-12-01T08:15:00Z");
    await planAgreement({ db: transaction, now, caseId: of.id }, of);
    await saveState(transaction, of.id, "operational");
  });
  rewind = await rememberRows(harness.db);
});
beforeEach(async () => {
  await rewind();
  harness.setNow("2026-12-01T08:15:00Z");
});
afterAll(() => harness.close());

const fire = (instant: string) => fireTimers(harness, instant);

async function ask(who: string, body: string, room = "leaders"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

async function state(): Promise<string | undefined> {
  return (await caseOf(harness)).case.state;
}

describe("!case agreement", () => {
  it("shows what the agreement fixes, and who leads", async () => {
    harness.setNow("2028-01-01T08:00:00Z");
    const shown = await ask("md-obs", "!case agreement", "coordination");
    expect(shown).toContain("Agreement: in force");
    expect(shown).toContain("Parties: Romania, Belgium, Netherlands, Serbia");
    expect(shown).toContain("Period: 11 January 2027 to 10 January 2028 (9 days left)");
    expect(shown).toContain("Investigating judge, JIT leader (BE)");
  });

  it("is extended by a leader to a later day, and that is in the log", async () => {
    expect(await ask("be-ij", "!case agreement extend 2028-06-30")).toContain(
      "11 January 2027 to 30 June 2028",
    );
    expect(await ask("be-ij", "!case agreement extend 31 December 2027")).toContain(
      "runs until 30 June 2028 already",
    );
    expect(await ask("ej-ro", "!case agreement extend 2029-06-30", "coordination")).toMatch(
      /^Your role/,
    );
    const acts = await harness.db.selectFrom("journal").select("act").execute();
    expect(acts).toEqual([{ act: "agreement.extend" }]);
  });

  it("is written down while it is a draft, and not after the signatures", async () => {
    const line = "!case agreement set RO,BE 2027-02-01 2028-01-31 Trafficking in human beings";
    expect(await ask("be-ij", line)).toContain("only an extension");
    await harness.db.updateTable("case_file").set({ state: "negotiation" }).execute();
    expect(await ask("be-ij", "!case agreement extend 2028-06-30")).toContain(
      "A leader or co-chair types first: !case state signed.",
    );
    expect(await ask("be-ij", line)).toContain("1 February 2027 to 31 January 2028");
    expect(await ask("be-ij", line.replace("RO,BE", "RO,RO"))).toContain("twice");
    expect(await ask("be-ij", line.replace("RO,BE", "RO"))).toContain("at least two");
    expect(await ask("be-ij", line.replace("2028", "2026"))).toContain("before the first");
    expect(await ask("be-ij", line.replace("2028-01-31", "2028-02-31"))).toContain("not a day");
    const due = await harness.db.selectFrom("timer").select("due_at").orderBy("due_at").execute();
    // The first day, five alarms, and the end.
    expect(due.at(-1)?.due_at).toMatch(/^2028-01-31T23:00/);
    expect(due).toHaveLength(7);
  });

  it("is neither named nor dated for who reads the database", async () => {
    await ask("be-ij", "!case agreement extend 2028-06-30");
    const rows = await harness.db.selectFrom("timer").selectAll().execute();
    expect(JSON.stringify(rows)).not.toMatch(/NIGHTJAR|Romania|exploitation/);
  });
});

describe("the alarms before the end of an agreement", () => {
  it("come 90, 60, 30, 14 and 7 days before it, at nine in the case's zone, in the leaders' room", async () => {
    expect(await fire("2027-10-12T06:59:59Z")).toEqual([]);
    const first = await fire("2027-10-12T07:00:00Z");
    expect(first).toEqual([
      expect.stringMatching(
        /^!leaders: The JIT agreement ends in 90 days, at the end of Mon 10 January 2028\./,
      ),
    ]);
    for (const instant of [
      "2027-11-11T08:00:00Z",
      "2027-12-11T08:00:00Z",
      "2027-12-27T08:00:00Z",
      "2028-01-03T08:00:00Z",
    ]) {
      await fire(instant);
    }
    const said = await fire("2028-01-09T08:00:00Z");
    expect(said.map((text) => /in (\d+) days/.exec(text)?.[1])).toEqual([
      "90",
      "60",
      "30",
      "14",
      "7",
    ]);
    expect(said.join()).not.toContain("late");
  });

  it("come once and late when the program was down, the nearest one alone", async () => {
    const said = await fire("2027-12-30T12:00:00Z");
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /This comes late: it was due on Mon 27 December 2027, 09:00[\s\S]*in 11 days/,
    );
    expect(await fire("2027-12-31T12:00:00Z")).toHaveLength(1);
  });

  it("are planned anew by an extension, for the new end only", async () => {
    await fire("2027-10-12T07:00:00Z");
    harness.setNow("2027-10-20T08:00:00Z");
    await ask("be-ij", "!case agreement extend 2028-06-30");
    expect(await fire("2028-02-01T08:00:00Z")).toHaveLength(1);
    const said = await fire("2028-04-01T07:00:00Z");
    expect(said).toHaveLength(2);
    expect(said[1]).toContain("in 90 days, at the end of Fri 30 June 2028");
  });

  it("are not set for days that are past when an extension is written down", async () => {
    harness.setNow("2028-01-05T08:00:00Z");
    await fire("2028-01-05T08:00:00Z");
    await ask("be-ij", "!case agreement extend 2028-01-25");
    const timers = await harness.db
      .selectFrom("timer")
      .select("subject")
      .where("sent_at", "is", null)
      .orderBy("due_at")
      .execute();
    expect(timers.map(({ subject }) => subject)).toEqual(["14", "7", "0"]);
  });

  it("are not lost by a change of the state while no process ran", async () => {
    await harness.db.updateTable("case_file").set({ state: "signed" }).execute();
    harness.setNow("2027-12-13T08:00:00Z");
    await ask("be-ij", "!case state operational");
    const said = await fire("2027-12-13T08:00:00Z");
    expect(said.join()).toMatch(/comes late: it was due on Sat 11 December[\s\S]*in 28 days/);
  });

  it("say nothing while nothing is signed", async () => {
    await harness.db.updateTable("case_file").set({ state: "negotiation" }).execute();
    expect(await fire("2028-01-09T08:00:00Z")).toEqual([]);
  });

  it("go to the room of all where there is no leaders' room", async () => {
    await harness.db.deleteFrom("case_room").where("kind", "=", "leaders").execute();
    expect((await fire("2027-10-12T07:00:00Z"))[0]).toMatch(/^!coordination: /);
  });
});

describe("the first day of an agreement", () => {
  it("is told to the leaders of a JIT that is signed, once", async () => {
    await harness.db.updateTable("case_file").set({ state: "signed" }).execute();
    expect(await fire("2027-01-11T07:59:59Z")).toEqual([]);
    const said = await fire("2027-01-11T08:00:00Z");
    expect(said).toEqual([
      expect.stringMatching(
        /^!leaders: The JIT agreement is in force since the beginning of Mon 11 January 2027[\s\S]*!case state operational/,
      ),
    ]);
    expect(await fire("2027-01-12T08:00:00Z")).toEqual(said);
  });

  it.each(["negotiation", "operational"])("is not told to one that is in %s", async (state) => {
    await harness.db.updateTable("case_file").set({ state }).execute();
    expect(await fire("2027-01-11T08:00:00Z")).toEqual([]);
  });
});

describe("the end of an agreement", () => {
  it("makes the case post-operational by itself at 24:00 of the last day, and says so to all", async () => {
    await fire("2028-01-10T22:59:59Z");
    expect(await state()).toBe("operational");
    const said = await fire("2028-01-10T23:00:00Z");
    expect(await state()).toBe("post-operational");
    expect(said.at(-1)).toMatch(
      /^!notices: The JIT agreement ended at the end of Mon 10 January 2028/,
    );
    expect(await ask("ro-pros", "!request new EIO to BE: more")).toContain("No EIO is drafted");
    harness.setNow("2028-01-11T08:00:00Z");
    expect(await ask("ro-pros", "!case agreement extend 2028-06-30")).toContain("not extended");
    const acts = await harness.db.selectFrom("journal").select(["act", "actor"]).execute();
    expect(acts).toContainEqual({ act: "case.state", actor: "registrar" });
  });

  it("is the end for what is said after it, even if it was not noticed yet", async () => {
    harness.setNow("2028-01-10T23:00:01Z");
    expect(await ask("be-ij", "!case agreement extend 2028-06-30")).toContain(
      "ended at the end of Mon 10 January 2028, before this was said",
    );
    await fire("2028-01-11T08:00:00Z");
    expect(await state()).toBe("post-operational");
  });

  it("is taken back by an extension that was said before it, and heard after it", async () => {
    await fire("2028-01-11T08:00:00Z");
    expect(await state()).toBe("post-operational");
    harness.setNow("2028-01-11T09:00:00Z");
    const line = "!case agreement extend 2028-06-30";
    const answer = await harness.ask("nightjar-be-ij", "leaders", line, "2028-01-10T20:00:00Z");
    expect(answer).toContain("to 30 June 2028");
    expect(await state()).toBe("operational");
    const said = await fire("2028-04-01T07:00:00Z");
    expect(said.join("\n")).toMatch(/extended in time[\s\S]*The case is again operational/);
    expect(said.at(-1)).toContain("in 90 days, at the end of Fri 30 June 2028");
    await fire("2028-07-01T08:00:00Z");
    expect(await state()).toBe("post-operational");
  });

  it("is not taken back where leaders have ended the JIT", async () => {
    await ask("ro-pros", "!case state post-operational");
    await ask("be-ij", "!case confirm 1");
    expect(await ask("be-ij", "!case agreement extend 2028-06-30")).toContain("is not extended");
  });

  it("is not the end if it was extended in time", async () => {
    harness.setNow("2028-01-10T20:00:00Z");
    await ask("be-ij", "!case agreement extend 2028-06-30");
    await fire("2028-01-11T08:00:00Z");
    expect(await state()).toBe("operational");
    await fire("2028-07-01T08:00:00Z");
    expect(await state()).toBe("post-operational");
  });

  it("changes nothing for a JIT that was never signed", async () => {
    await harness.db.updateTable("case_file").set({ state: "negotiation" }).execute();
    expect(await fire("2028-01-11T08:00:00Z")).toEqual([]);
    expect(await state()).toBe("negotiation");
  });
});
