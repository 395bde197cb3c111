import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listPeople } from "../../../src/db/repositories/cases.ts";
import { updateProfile } from "../../../src/db/repositories/members.ts";
import { UserId } from "../../../src/domain/ids.ts";
import { type CaseHarness, caseOf } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { rememberRows } from "../../support/rewind.ts";
import { rosterActs, stepsFor } from "../../support/roster.ts";

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

describe("a leader of another State or body", () => {
  const puppet = "@puppet:x.example";
  const add = `!member add ${puppet} leader BE "Prosecutor"`;

  it("is added by two: the second is a leader of that State, where it has one", async () => {
    const answer = await ask("ro-pros", add);
    expect(answer).toMatch(
      /Nothing is changed yet: it gives BE another leader[\s\S]*!member confirm 1/,
    );
    expect(answer).toContain("Investigating judge, JIT leader (BE), @nightjar-be-ij:");
    expect(answer).not.toContain("nightjar-nl-pros");
    expect(await stepsFor(harness, puppet)).toEqual([]);
    expect(await ask("nl-pros", "!member confirm 1")).toContain("of BE if it has one");
    expect(await ask("be-ij", "!member confirm 1")).toContain("Who: Prosecutor (BE)");
    expect(await stepsFor(harness, puppet)).toContain("invite leaders");
    expect(await rosterActs(harness)).toEqual(["member.ask", "member.add"]);
  });

  it("does not make the State's own leader one of two", async () => {
    await ask("ro-pros", add);
    expect(await ask("ro-pros", "!member remove @nightjar-be-ij")).toContain(
      "the last leader of BE",
    );
  });

  it("is made of somebody on the roster by two as well", async () => {
    expect(await ask("ro-pros", "!member role @nightjar-be-police leader")).toContain(
      "it gives BE another leader",
    );
    expect(await ask("nl-pros", "!member confirm 1")).toContain("another leader");
    expect(await ask("be-ij", "!member confirm 1")).toContain("is now JIT leader");
  });

  it("is refused when whoever was to be added has come meanwhile", async () => {
    await ask("ro-pros", add);
    await ask("be-ij", `!member add ${puppet} member BE "Police"`);
    expect(await ask("be-ij", "!member confirm 1")).toContain("is on the roster already");
  });

  it("is for any other leader to agree to, where that State or body has none", async () => {
    await ask("ro-pros", `!member add ${puppet} leader OLAF "Analyst"`);
    expect(await ask("nl-pros", "!member confirm 1")).toContain("Who: Analyst (OLAF)");
  });
});

describe("a leader who is not the last one of another State", () => {
  /** A second leader of Belgium, whom two have agreed on. */
  beforeEach(async () => {
    await ask(
      "ro-pros",
      '!member add @nightjar-second:rogatory.localhost leader BE "Second judge"',
    );
    await ask("be-ij", "!member confirm 1");
  });

  it.each(["!member remove @nightjar-be-ij", "!member role @nightjar-be-ij member"])(
    "is not taken from it without the other one: %s",
    async (line) => {
      const before = await stepsFor(harness, id("be-ij"));
      const answer = await ask("ro-pros", line);
      expect(answer).toContain("Nothing is changed yet: it takes a leader from BE");
      expect(answer).toContain("Second judge (BE)");
      expect(answer).not.toContain("nightjar-nl-pros");
      expect(await ask("nl-pros", "!member confirm 2")).toContain("of BE if it has one");
      expect(await ask("be-ij", "!member confirm 2")).toContain("by another leader");
      expect(await stepsFor(harness, id("be-ij"))).toEqual(before);
      expect(await ask("second", "!member confirm 2")).toMatch(/is removed|is now JIT member/);
    },
  );

  it("is taken by the other one alone, who then is the last one", async () => {
    expect(await ask("be-ij", "!member remove @nightjar-second")).toContain("is removed");
    expect(await ask("ro-pros", "!member remove @nightjar-be-ij")).toContain("last leader of BE");
    expect(await ask("nl-pros", "!member confirm 2")).toContain("is removed");
  });

  it("does not stay by means of a leader whom they have made themselves", async () => {
    await ask("be-ij", "!member remove @nightjar-second");
    await ask("be-ij", '!member add @nightjar-own:rogatory.localhost leader BE "Third judge"');
    await ask("ro-pros", "!member remove @nightjar-be-ij");
    expect(await ask("nl-pros", "!member confirm 2")).toContain("is removed");
  });
});

describe("the last leader of a State", () => {
  it("is not taken from it, and nobody put in their place, by two leaders of one other State", async () => {
    const { seal } = await caseOf(harness);
    const people = await listPeople(harness.db, seal, harness.caseId);
    const police = people.find(({ userId }) => userId === id("be-police"));
    if (police === undefined) throw new Error("nobody of that name");
    // Two leaders of Romania neither of whom has made the other one.
    await harness.db.transaction().execute((transaction) =>
      updateProfile(transaction, seal, police.id, {
        ...police.profile,
        ...{ state: "RO", role: "leader" },
      }),
    );
    const answer = await ask("ro-pros", "!member remove @nightjar-nl-pros");
    expect(answer).toContain("Investigating judge, JIT leader (BE)");
    expect(answer).not.toContain("be-police");
    expect(await ask("be-police", "!member confirm 1")).toContain("or else of a third State");
    await ask("ro-pros", '!member add @puppet:x.example leader LU "Prosecutor"');
    expect(await ask("be-police", "!member confirm 2")).toContain("or else of a third State");
    expect(await ask("be-ij", "!member confirm 1")).toContain("is removed");
  });

  it("is taken from it by two leaders of the other State where there are but two States", async () => {
    const { seal } = await caseOf(harness);
    const people = await listPeople(harness.db, seal, harness.caseId);
    const leaders = new Map([
      [id("ro-pros"), "RO"],
      [id("be-ij"), "RO"],
      [id("nl-pros"), "NL"],
    ]);
    await harness.db.transaction().execute(async (transaction) => {
      for (const { id: personId, userId, profile } of people) {
        const state = leaders.get(userId);
        if (state !== undefined) {
          await updateProfile(transaction, seal, personId, { ...profile, state });
        } else if (profile.role === "leader") {
          await updateProfile(transaction, seal, personId, { ...profile, role: "member" });
        }
      }
    });
    expect(await ask("ro-pros", "!member remove @nightjar-nl-pros")).toContain("last leader of NL");
    expect(await ask("be-ij", "!member confirm 1")).toContain("is removed");
  });
});

describe("a second leader", () => {
  it("is nobody whom the one who asks has made a leader, nor whom that one has made", async () => {
    await ask("ro-pros", `!member add ${id("two")} leader RO "Second prosecutor"`);
    await ask("two", `!member add ${id("three")} leader RO "Third prosecutor"`);
    await ask("ro-pros", "!member remove @nightjar-be-ij");
    for (const who of ["two", "three"]) {
      expect(await ask(who, "!member confirm 1")).toContain("by another leader");
    }
    await ask("three", "!member remove @nightjar-nl-pros");
    expect(await ask("two", "!member confirm 2")).toContain("by another leader");
    expect(await ask("nl-pros", "!member confirm 1")).toContain("is removed");
  });

  it("is whom two leaders have agreed on", async () => {
    await ask("ro-pros", '!member add @nightjar-olaf:rogatory.localhost leader OLAF "Analyst"');
    await ask("nl-pros", "!member confirm 1");
    await ask("ro-pros", "!member remove @nightjar-be-ij");
    expect(await ask("olaf", "!member confirm 2")).toContain("is removed");
  });

  it("agrees with nobody who has left the case or the role meanwhile", async () => {
    await ask("ro-pros", "!member remove @nightjar-be-ij");
    await ask("ro-pros", "!member role @nightjar-ro-pros observer");
    await ask("nl-pros", "!member confirm 2");
    expect(await ask("nl-pros", "!member confirm 1")).toContain("may not do so any more");
    expect(await stepsFor(harness, id("be-ij"))).toEqual([]);
  });
});
