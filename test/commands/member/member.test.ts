import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { findPerson, listCaseRooms, listPeople } from "../../../src/db/repositories/cases.ts";
import { lastDetails } from "../../../src/db/repositories/journal.ts";
import { updateProfile } from "../../../src/db/repositories/members.ts";
import { UserId } from "../../../src/domain/ids.ts";
import { type CaseHarness, caseOf } from "../../support/case-harness.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

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

/** The steps for one person, as "kind room" with the power where there is one. */
async function stepsFor(userId: string): Promise<readonly string[]> {
  const rooms = await listCaseRooms(harness.db, harness.caseId);
  return (await openedSteps(harness.db, harness.vault, harness.caseId)).flatMap(({ step }) => {
    if (step.kind !== "invite" && step.kind !== "kick" && step.kind !== "set-power") return [];
    if (step.userId !== userId) return [];
    const { room } = step;
    const kind = rooms.find((known) => "caseRoomId" in room && known.id === room.caseRoomId)?.kind;
    return [`${step.kind} ${kind}${step.kind === "set-power" ? ` ${step.power}` : ""}`];
  });
}

async function bars(userId: string): Promise<number> {
  const rows = await harness.db
    .selectFrom("room_bar")
    .selectAll()
    .where("user_id", "=", UserId.parse(userId))
    .execute();
  return rows.length;
}

async function journal(): Promise<readonly string[]> {
  const rows = await harness.db
    .selectFrom("journal")
    .select("act")
    .where("act", "like", "member.%")
    .orderBy("sequence")
    .execute();
  return rows.map(({ act }) => act);
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
    expect(await stepsFor(added)).toEqual([
      "invite space",
      "invite coordination",
      "invite notices",
    ]);
    expect(await ask("nl-pros", "!member list")).toContain(added);
    expect(await journal()).toEqual(["member.add"]);
  });

  it("gives a leader the leaders' room and power in each room", async () => {
    await ask("nl-pros", `!member add ${added} leader Netherlands "Second prosecutor"`);
    expect(await stepsFor(added)).toEqual(
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
    expect(await journal()).toEqual([]);
  });

  it("is denied to members, desks and observers", async () => {
    for (const who of ["be-police", "ej-ro", "md-obs"]) {
      expect(await ask(who, '!member add @a:x member RO "X"')).toMatch(/^Your role/);
    }
  });
});

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
    expect(await stepsFor(puppet)).toEqual([]);
    expect(await ask("nl-pros", "!member confirm 1")).toContain("of BE if it has one");
    expect(await ask("be-ij", "!member confirm 1")).toContain("Who: Prosecutor (BE)");
    expect(await stepsFor(puppet)).toContain("invite leaders");
    expect(await journal()).toEqual(["member.ask", "member.add"]);
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
      const before = await stepsFor(id("be-ij"));
      const answer = await ask("ro-pros", line);
      expect(answer).toContain("Nothing is changed yet: it takes a leader from BE");
      expect(answer).toContain("Second judge (BE)");
      expect(answer).not.toContain("nightjar-nl-pros");
      expect(await ask("nl-pros", "!member confirm 2")).toContain("of BE if it has one");
      expect(await ask("be-ij", "!member confirm 2")).toContain("by another leader");
      expect(await stepsFor(id("be-ij"))).toEqual(before);
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
    expect(await stepsFor(id("be-ij"))).toEqual([]);
  });
});

describe("!member remove", () => {
  it("takes a person out of all rooms, bars them and lets them do nothing more", async () => {
    expect(
      await ask("ro-pros", "!member remove @nightjar-be-police has left the service"),
    ).toContain(
      "Police officer, human trafficking (BE) (@nightjar-be-police:rogatory.localhost) is removed",
    );
    expect(await stepsFor(id("be-police"))).toEqual([
      "kick space",
      "kick coordination",
      "kick notices",
    ]);
    expect(await bars(id("be-police"))).toBe(4);
    // The harness knows nobody who is not on the roster.
    expect(await ask("be-police", "!help")).toContain("Something went wrong");
    expect(await ask("ro-pros", "!member list")).not.toContain("be-police");
    expect(await ask("ro-pros", "!action add @BE-POLICE call")).toContain("is not on the roster");
    expect(await journal()).toEqual(["member.remove"]);
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
    expect(await bars(id("europol"))).toBe(1);
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
    expect(await stepsFor(id("be-ij"))).toEqual([]);
    expect(await ask("ro-pros", "!member confirm 1")).toContain("by another leader");
    expect(await ask("be-ij", "!member confirm 1")).toContain("by another leader");
    expect(await ask("europol", "!member confirm 1")).toMatch(/^Your role/);
    expect(await ask("nl-pros", "!member confirm 1")).toContain("is removed");
    expect(await stepsFor(id("be-ij"))).toContain("kick leaders");
    expect(await ask("nl-pros", "!member confirm 1")).toContain("Nothing with the number 1 waits");
    expect(await journal()).toEqual(["member.ask", "member.remove"]);
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
    expect(await stepsFor(id("be-ij"))).toEqual([]);
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
    expect(await stepsFor(id("be-police"))).toEqual([
      "set-power space 50",
      "set-power coordination 50",
      "set-power leaders 50",
      "invite leaders",
      "set-power notices 50",
    ]);
    await ask("be-ij", "!member role @nightjar-be-police member");
    expect((await stepsFor(id("be-police"))).slice(5)).toEqual([
      "set-power space 0",
      "set-power coordination 0",
      "set-power leaders 0",
      "kick leaders",
      "set-power notices 0",
    ]);
    expect(await bars(id("be-police"))).toBe(1);
    expect(await journal()).toEqual(["member.role", "member.role"]);
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
    expect(await stepsFor(id("be-police"))).toEqual([]);
    expect(await bars(id("be-police"))).toBe(0);
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
    expect(await journal()).toEqual(["member.change"]);
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
    expect(await journal()).toEqual([]);
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
    expect(await journal()).toEqual([]);
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
