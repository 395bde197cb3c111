import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { findPerson } from "../../../src/db/repositories/cases.ts";
import { lastDetails } from "../../../src/db/repositories/journal.ts";
import { UserId } from "../../../src/domain/ids.ts";
import { type CaseHarness, caseOf } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { rememberRows } from "../../support/rewind.ts";
import { barsOf, rosterActs, stepsFor } from "../../support/roster.ts";

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  rewind = await rememberRows(harness.db);
});
beforeEach(() => rewind());
afterAll(() => harness.close());

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

function id(who: string): UserId {
  return UserId.parse(`@nightjar-${who}:rogatory.localhost`);
}

describe("!member change", () => {
  async function profileOf(who: string) {
    const { seal } = await caseOf(harness);
    return (await findPerson(harness.db, seal, harness.caseId, id(who)))?.profile;
  }

  it("corrects one detail and says what it was before", async () => {
    const before = await profileOf("be-police");
    const answer = await ask("ro-pros", "!member change @nightjar-be-police zone Europe/Sofia");
    expect(answer).toContain("for @nightjar-be-police:rogatory.localhost:");
    expect(answer).toContain("Time zone: Europe/Sofia (before: Europe/Brussels)");
    expect(answer).not.toMatch(/Function|Languages/);
    expect(await profileOf("be-police")).toEqual({ ...before, timeZone: "Europe/Sofia" });
    expect(await stepsFor(harness, id("be-police"))).toEqual([]);
    expect(await barsOf(harness, id("be-police"))).toBe(0);
  });

  it.each([
    'function "Police officer, cybercrime" languages fr, en zone Europe/Paris',
    "function Police officer, cybercrime, zone europe/paris languages FR EN fr",
    "time zone: Europe/Paris; language: fr/en; function: “Police officer, cybercrime”",
  ])("takes several details in any order: %s", async (details) => {
    const before = await profileOf("be-police");
    await ask("be-ij", `!member change nightjar-be-police ${details}`);
    expect(await profileOf("be-police")).toEqual({
      ...before,
      function: "Police officer, cybercrime",
      languages: ["fr", "en"],
      timeZone: "Europe/Paris",
    });
  });

  it("takes a function that names a detail, in quotation marks", async () => {
    await ask("be-ij", '!member change @nightjar-be-police function "Head, languages unit"');
    expect((await profileOf("be-police"))?.function).toBe("Head, languages unit");
    expect(
      await ask("be-ij", "!member change @nightjar-be-police function Head, languages unit"),
    ).toContain("put the function in quotation marks");
  });

  it("empties the languages when none is said", async () => {
    const answer = await ask("be-ij", "!member change @nightjar-be-ij languages none");
    expect(answer).toMatch(/Languages: none \(before: \w+/);
    expect((await profileOf("be-ij"))?.languages).toEqual([]);
  });

  it("keeps what was before and what is now in the log, sealed", async () => {
    await ask("ro-pros", "!member change @nightjar-europol function Head of unit");
    expect(await rosterActs(harness)).toEqual(["member.change"]);
    const { seal } = await caseOf(harness);
    const entry = { caseId: harness.caseId, act: "member.change" } as const;
    const logged = await harness.db
      .transaction()
      .execute((transaction) => lastDetails(transaction, seal, entry, z.unknown()));
    expect(logged).toEqual({
      member: id("europol"),
      from: { function: "Analyst" },
      to: { function: "Head of unit" },
    });
  });

  it("says so when the roster says it already, and logs nothing", async () => {
    expect(
      await ask("ro-pros", "!member change @nightjar-ro-pros zone Europe/Bucharest"),
    ).toContain("already: nothing is changed");
    expect(await rosterActs(harness)).toEqual([]);
  });

  it.each([
    ["", "What changes is missing"],
    ["zone", "What comes after zone is missing"],
    ["zone Europe/Bucarest", "Did you mean Europe/Bucharest?"],
    ["fucntion Analyst", "Did you mean function?"],
    ["languages Romanain", "Did you mean ro (Romanian)?"],
    ["languages q1", "is not a language"],
    ["zone UTC zone UTC", "stands there twice"],
    ["role leader", "!member role"],
    ["state NL", "a vote would go with it"],
    ['function ""', "The function is missing"],
  ])("explains what is wrong with “%s”", async (details, sentence) => {
    expect(await ask("ro-pros", `!member change @nightjar-be-police ${details}`)).toContain(
      sentence,
    );
    expect(await rosterActs(harness)).toEqual([]);
  });

  it("refuses a function that is too long for the roster", async () => {
    expect(
      await ask("ro-pros", `!member change @nightjar-be-police function ${"x".repeat(201)}`),
    ).toContain("between 1 and 200 letters");
  });

  it("does not change who is not on the roster, and is denied to members", async () => {
    expect(await ask("ro-pros", "!member change @nightjar-be-polic zone UTC")).toContain(
      "Did you mean @nightjar-be-police?",
    );
    expect(await ask("be-police", "!member change @nightjar-be-police zone UTC")).toMatch(
      /^Your role/,
    );
  });
});
