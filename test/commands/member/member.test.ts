import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findPerson, listPeople } from "../../../src/db/repositories/cases.ts";
import { UserId } from "../../../src/domain/ids.ts";
import { type CaseHarness, caseOf } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
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

describe("!member list", () => {
  it("names everybody by function, role and Matrix id", async () => {
    const answer = await ask("europol", "!member list");
    expect(answer).toContain("Prosecutor, JIT leader (RO) | JIT leader | @nightjar-ro-pros:");
    expect(answer).toMatch(/Europe\/Bucharest \| ro, en/);
    expect(answer.split("\n")).toHaveLength(11);
  });
});

describe("!member add", () => {
  const added = "@nl-police:police.example";

  it("puts somebody on the roster and invites them to the rooms of their role", async () => {
    const answer = await ask(
      "nl-pros",
      `!member add ${added} member NL “Police officer, cyber” Europe/Amsterdam`,
    );
    expect(answer).toContain("Who: Police officer, cyber (NL)");
    expect(answer).toMatch(/Invited to: \S+ · space, \S+ · coordination, \S+ · notices$/m);
    expect(await stepsFor(harness, added)).toEqual([
      "invite space",
      "invite coordination",
      "invite notices",
    ]);
    expect(await ask("nl-pros", "!member list")).toContain(added);
    expect(await rosterActs(harness)).toEqual(["member.add"]);
  });

  it("gives a leader the leaders' room and power in each room", async () => {
    await ask("nl-pros", `!member add ${added} leader Netherlands "Second prosecutor"`);
    expect(await stepsFor(harness, added)).toEqual(
      ["space", "coordination", "leaders", "notices"].flatMap((room) => [
        `set-power ${room} 50`,
        `invite ${room}`,
      ]),
    );
  });

  it("takes a body for what is no State, and the case's time zone where none is named", async () => {
    const answer = await ask("be-ij", '!member add @a:x.eu participant "OLAF unit" "Analyst"');
    expect(answer).toContain("Who: Analyst (OLAF unit)");
    expect(answer).toContain("Time zone: Europe/Amsterdam");
  });

  it("takes the letters that the EU uses for the State, and two letters of none for a mistake", async () => {
    expect(await ask("be-ij", '!member add @a:x.eu member UK "Analyst"')).toContain("Analyst (GB)");
    expect(await ask("be-ij", '!member add @b:x.eu member ZZ "Analyst"')).toContain(
      "“ZZ” is not a State",
    );
    expect(await ask("be-ij", '!member add @c:x.eu participant EU "Analyst"')).toContain(
      "Analyst (EU)",
    );
  });

  it("explains what is wrong, and changes nothing then", async () => {
    expect(await ask("be-ij", '!member add @a:x membre RO "X"')).toContain("Did you mean member?");
    expect(await ask("be-ij", '!member add anna member RO "X"')).toContain("is not a Matrix id");
    expect(await ask("be-ij", "!member add @a:x member RO Police officer")).toContain(
      "put the function in quotation marks",
    );
    expect(await ask("be-ij", `!member add ${id("europol")} member RO "X"`)).toContain(
      "is on the roster already",
    );
    expect(
      await ask("be-ij", '!member add @rogatory_clerk:rogatory.localhost member RO "X"'),
    ).toContain("one of the bots");
    expect(await openedSteps(harness.db, harness.vault, harness.caseId)).toEqual([]);
    expect(await rosterActs(harness)).toEqual([]);
  });

  it("is denied to members, desks and observers", async () => {
    for (const who of ["be-police", "ej-ro", "md-obs"]) {
      expect(await ask(who, '!member add @a:x member RO "X"')).toMatch(/^Your role/);
    }
  });
});

describe("!member remove", () => {
  it("takes a person out of all rooms, bars them and lets them do nothing more", async () => {
    expect(
      await ask("ro-pros", "!member remove @nightjar-be-police has left the service"),
    ).toContain(
      "Police officer, human trafficking (BE) (@nightjar-be-police:rogatory.localhost) is removed",
    );
    expect(await stepsFor(harness, id("be-police"))).toEqual([
      "kick space",
      "kick coordination",
      "kick notices",
    ]);
    expect(await barsOf(harness, id("be-police"))).toBe(4);
    // The harness knows nobody who is not on the roster.
    expect(await ask("be-police", "!help")).toContain("Something went wrong");
    expect(await ask("ro-pros", "!member list")).not.toContain("be-police");
    expect(await ask("ro-pros", "!action add @BE-POLICE call")).toContain("is not on the roster");
    expect(await rosterActs(harness)).toEqual(["member.remove"]);
    const { seal } = await caseOf(harness);
    expect(await findPerson(harness.db, seal, harness.caseId, id("be-police"))).toBeUndefined();
    const rows = await harness.db.selectFrom("person").select("removed_at").execute();
    expect(rows.filter(({ removed_at }) => removed_at !== null)).toHaveLength(1);
  });

  it("keeps the reason in sealed columns only", async () => {
    await ask("ro-pros", "!member remove @nightjar-europol suspected leak");
    const dump = JSON.stringify([
      await harness.db.selectFrom("journal").selectAll().execute(),
      await harness.db.selectFrom("outbox").selectAll().execute(),
    ]);
    expect(dump).not.toContain("leak");
  });

  it("lets somebody come back, in another role, on the same row", async () => {
    await ask("ro-pros", "!member remove @nightjar-europol");
    await ask("ro-pros", `!member add ${id("europol")} observer Europol "Liaison officer"`);
    expect(await barsOf(harness, id("europol"))).toBe(1);
    const { seal } = await caseOf(harness);
    const people = await listPeople(harness.db, seal, harness.caseId);
    expect(people.filter(({ userId }) => userId === id("europol"))).toMatchObject([
      { profile: { function: "Liaison officer", role: "observer" } },
    ]);
  });

  it("waits for a second leader when a State would have none left", async () => {
    expect(await ask("ro-pros", "!member remove @nightjar-be-ij")).toMatch(
      /Nothing is changed yet: Investigating judge, JIT leader \(BE\) is the last leader of BE[\s\S]*!member confirm 1/,
    );
    expect(await stepsFor(harness, id("be-ij"))).toEqual([]);
    expect(await ask("ro-pros", "!member confirm 1")).toContain("by another leader");
    expect(await ask("be-ij", "!member confirm 1")).toContain("by another leader");
    expect(await ask("europol", "!member confirm 1")).toMatch(/^Your role/);
    expect(await ask("nl-pros", "!member confirm 1")).toContain("is removed");
    expect(await stepsFor(harness, id("be-ij"))).toContain("kick leaders");
    expect(await ask("nl-pros", "!member confirm 1")).toContain("Nothing with the number 1 waits");
    expect(await rosterActs(harness)).toEqual(["member.ask", "member.remove"]);
  });

  it("waits for a second leader when somebody leaves by themselves", async () => {
    await ask("ro-pros", '!member add @second:x leader RO "Second prosecutor"');
    expect(await ask("ro-pros", "!member remove @nightjar-ro-pros")).toContain(
      "it concerns yourself",
    );
    expect(await ask("be-ij", "!member confirm #1")).toContain("is removed");
  });

  it("forgets what nobody has confirmed within a day", async () => {
    await ask("ro-pros", "!member remove @nightjar-be-ij");
    harness.setNow("2026-12-02T08:15:01Z");
    const late = await ask("nl-pros", "!member confirm 1");
    harness.setNow("2026-12-01T08:15:00Z");
    expect(late).toContain("within 24 hours");
    expect(await stepsFor(harness, id("be-ij"))).toEqual([]);
  });

  it("says who was perhaps meant", async () => {
    expect(await ask("ro-pros", "!member remove @nightjar-be-polic")).toContain(
      "Did you mean @nightjar-be-police?",
    );
  });

  it("is denied to members and observers", async () => {
    expect(await ask("be-police", "!member remove @nightjar-europol")).toMatch(/^Your role/);
    expect(await ask("md-obs", "!member remove @nightjar-europol")).toMatch(/^Your role/);
  });
});

describe("!member role", () => {
  it("gives rooms and powers of a higher role, and takes them again", async () => {
    expect(await ask("be-ij", "!member role @nightjar-be-police leader")).toContain(
      "is now JIT leader",
    );
    expect(await stepsFor(harness, id("be-police"))).toEqual([
      "set-power space 50",
      "set-power coordination 50",
      "set-power leaders 50",
      "invite leaders",
      "set-power notices 50",
    ]);
    await ask("be-ij", "!member role @nightjar-be-police member");
    expect((await stepsFor(harness, id("be-police"))).slice(5)).toEqual([
      "set-power space 0",
      "set-power coordination 0",
      "set-power leaders 0",
      "kick leaders",
      "set-power notices 0",
    ]);
    expect(await barsOf(harness, id("be-police"))).toBe(1);
    expect(await rosterActs(harness)).toEqual(["member.role", "member.role"]);
  });

  it("waits for a second leader where a State would lose its last one", async () => {
    expect(await ask("ro-pros", "!member role @nightjar-be-ij member")).toContain(
      "!member confirm 1",
    );
    expect(await ask("nl-pros", "!member confirm 1")).toContain("is now JIT member");
  });

  it("is denied to members", async () => {
    expect(await ask("be-police", "!member role @nightjar-be-police leader")).toMatch(/^Your role/);
  });
});
