import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CaseHarness, openCaseHarness } from "../../support/case-harness.ts";
import { scenario } from "../../support/focus-group-demo.ts";

let harness: CaseHarness;

beforeAll(async () => {
  harness = await openCaseHarness({
    template: scenario.template,
    profile: scenario.profile,
    people: scenario.roster,
    now: "2025-09-24T09:00:00Z",
  });
});
afterAll(() => harness.close());

function ask(who: string, room: string, body: string): Promise<string> {
  return harness.ask(`fg4-${who}`, room, body);
}

describe("!takeaway", () => {
  it("records in the section of the room and answers with number, section and rank", async () => {
    const reply = await ask(
      "rapporteur-1",
      "w1",
      "!t #point rank=2 **Consent is legally irrelevant.** It never counts.",
    );
    expect(reply).toContain("T-001");
    expect(reply).toContain("5.1. The illusion of consent");
    expect(reply).toContain("rank 2");
  });

  it("records a message of several lines", async () => {
    expect(await ask("rapporteur-2", "plenary", "!takeaway #para s1\nFirst.\n\nSecond.")).toContain(
      "T-002",
    );
  });

  it("explains a mistyped category and uses up no number", async () => {
    expect(await ask("rapporteur-1", "s2", "!t #bestpratice the use of video testimony")).toContain(
      "unknown category #bestpratice; did you mean #bestpractice?",
    );
    expect(
      await ask("rapporteur-1", "s2", "!t #bestpractice the use of video testimony"),
    ).toContain("T-003");
  });

  it("is denied to participants and observers", async () => {
    expect(await ask("it", "s1", "!t #challenge hospitals do not answer")).toMatch(/role/);
    expect(await ask("academia", "s2", "!takeaway list")).toMatch(/role/);
  });

  it("lists by section in the order of the report", async () => {
    await ask("rapporteur-1", "w1", "!t #para rank=1 Participants examined cases.");
    const own = await ask("rapporteur-1", "w1", "!t list");
    expect(own).toContain("5.1. The illusion of consent");
    expect(own.indexOf("T-004")).toBeLessThan(own.indexOf("T-001"));
    expect(own).not.toContain("T-002");
    expect(await ask("euatc", "plenary", "!takeaway list all")).toContain("T-003");
    expect(await ask("euatc", "plenary", "!takeaway list s3")).toContain("Nothing was recorded");
    expect(await ask("euatc", "plenary", "!takeaway list s33")).toContain("Did you mean s3?");
  });

  it("only counts what is off the record", async () => {
    expect(await ask("rapporteur-1", "s1", "!t #offrecord a secret")).toContain("now 1");
    expect(await ask("rapporteur-1", "s1", "!t #offrecord another")).toContain("now 2");
    expect(await ask("rapporteur-1", "s1", "!t list all")).not.toContain("secret");
  });

  it("keeps the text out of the readable columns of the database", async () => {
    const rows = await harness.db.selectFrom("takeaway").selectAll().execute();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/Consent is|examined cases|bestpractice|"w1"/);
  });
});
