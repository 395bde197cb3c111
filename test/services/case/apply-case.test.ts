import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readCaseFile } from "../../../src/config/case-file.ts";
import { roomTemplate } from "../../../src/config/room-template.ts";
import { openDatabase } from "../../../src/db/database.ts";
import { findCase, findPerson, saveState } from "../../../src/db/repositories/cases.ts";
import { markRemoved } from "../../../src/db/repositories/members.ts";
import type { Database } from "../../../src/db/schema.ts";
import type { LocalWay } from "../../../src/domain/case/ways.ts";
import { type CaseId, UserId } from "../../../src/domain/ids.ts";
import { applyCase } from "../../../src/services/case/apply-case.ts";
import { planCaseFile } from "../../../src/services/case/plan-case.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { testLocation } from "../../support/database.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

const bots = {
  registrar: UserId.parse("@rogatory_registrar:example.org"),
  clerk: UserId.parse("@rogatory_clerk:example.org"),
  scribe: UserId.parse("@rogatory_scribe:example.org"),
};
const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
const vault = new Vault(randomBytes(32));
const actor = { kind: "operator", reason: "test" } as const;

let db: Kysely<Database>;
let rewind: () => Promise<void>;
let causes = 0;
beforeAll(async () => {
  db = await openDatabase(await testLocation());
  rewind = await rememberRows(db);
});
beforeEach(() => rewind());
afterAll(() => db.destroy());

const base = `template: focus-group
name: Sixth meeting
timeZone: Europe/Amsterdam
agenda:
  - { code: s1, title: Session I, room: true }
roster:
  - { localpart: chair, function: Co-chair, body: Eurojust, role: co-chair }
  - { localpart: fi, function: Prosecutor, state: FI, role: participant }
  - { matrixId: "@md:partner.example", function: Prosecutor, state: MD, role: rapporteur }
`;

function request(text: string, localPeople: LocalWay = "invited") {
  const options = { fileName: "case.yaml", serverName: "example.org", bots: Object.values(bots) };
  const file = readCaseFile(text, options);
  return { file, bots, localPeople, actor, cause: `cause-${++causes}` };
}

function apply(text: string, localPeople?: LocalWay) {
  return db
    .transaction()
    .execute((transaction) =>
      applyCase({ db: transaction, vault, now }, request(text, localPeople)),
    );
}

it("leaves the state of a case as it is, says so, and wants a reason", async () => {
  await apply(base);
  const { kept } = await apply(`${base}state: open\n`);
  expect(kept.join()).toMatch(/The state is planned, not open as in the file.*rogatory case state/);
  await expect(
    db
      .transaction()
      .execute((transaction) =>
        applyCase(
          { db: transaction, vault, now },
          { ...request(base), actor: { kind: "operator", reason: "" } },
        ),
      ),
  ).rejects.toMatchObject({ code: "case.reason" });
});

function plan(text: string, localPeople?: LocalWay) {
  return db
    .transaction()
    .execute((transaction) =>
      planCaseFile({ db: transaction, vault, now }, request(text, localPeople)),
    );
}

async function count(): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const table of ["case_file", "person", "case_room", "outbox"]) {
    counts.push((await sql`select 1 from ${sql.table(table)}`.execute(db)).rows.length);
  }
  return counts;
}

/** `plenary @fi:example.org`, for each person whom a step brings into a room. */
async function entering(caseId: CaseId): Promise<readonly string[]> {
  const rooms = await db.selectFrom("case_room").selectAll().execute();
  const ours = new Set<string>(Object.values(bots));
  return (await openedSteps(db, vault, caseId)).flatMap(({ step }) => {
    if ((step.kind !== "invite" && step.kind !== "bring-in") || ours.has(step.userId)) return [];
    const { room } = step;
    const row = rooms.find(({ id }) => "caseRoomId" in room && id === room.caseRoomId);
    return [`${step.kind} ${row?.section ?? row?.kind} ${step.userId}`];
  });
}

describe("the plan of a case file", () => {
  it("says rooms, people, powers, and which way each person comes in", async () => {
    const planned = await plan(base);
    expect(planned.code).toBeUndefined();
    expect(planned.rooms.map(({ name, joinRule, exists }) => [name, joinRule, exists])).toEqual([
      ["FG-???? · space", "invite", false],
      ["FG-???? · plenary", "restricted", false],
      ["FG-???? · s1", "restricted", false],
      ["FG-???? · rapporteurs", "invite", false],
    ]);
    expect(
      planned.people.map(({ userId, power, way, rooms }) => [userId, power, way, rooms.length]),
    ).toEqual([
      ["@chair:example.org", 50, "invited", 4],
      ["@fi:example.org", 0, "invited", 3],
      ["@md:partner.example", 0, "by-space", 4],
    ]);
    expect(await count()).toEqual([0, 0, 0, 0]);
  });

  it("says what is there already, and stands in the log of that case", async () => {
    const { code } = await apply(base);
    const more = base.replace(
      "roster:",
      "  - { code: s2, title: Session II, room: true }\nroster:\n  - { localpart: se, function: Prosecutor, state: SE, role: participant }",
    );
    const planned = await plan(more);
    expect(planned.code).toBe(code);
    expect(planned.rooms.filter(({ exists }) => !exists).map(({ name }) => name)).toEqual([
      `${code} · s2`,
    ]);
    expect(planned.people.filter(({ exists }) => !exists).map(({ userId }) => userId)).toEqual([
      "@se:example.org",
    ]);
    const acts = await db.selectFrom("journal").select("act").orderBy("sequence").execute();
    expect(acts.map(({ act }) => act)).toEqual(["case.create", "case.plan"]);
  });
});

describe("applying a case file", () => {
  it("adds what an outcome report needs to a case that has none, and changes it no more", async () => {
    const report = `${base}meeting: { ordinal: 6, title: Group, organisation: EUROJUST, from: 2027-10-07, to: 2027-10-08, place: The Hague }
reportTemplate: focus-group
`;
    const { caseId } = await apply(base);
    const added = await apply(report);
    expect(added.added.settings).toEqual(["meeting", "reportTemplate"]);
    expect(added.kept).toEqual([]);
    const profile = async () => (await findCase(db, vault, caseId))?.case.profile;
    expect(await profile()).toMatchObject({
      meeting: { ordinal: 6 },
      reportTemplate: "focus-group",
    });
    const again = await apply(report.replace("ordinal: 6", "ordinal: 7"));
    expect(again.kept).toEqual(["meeting differs from the file, and stays as it is."]);
    expect(await profile()).toMatchObject({ meeting: { ordinal: 6 } });
  });

  it("invites people of other homeservers once, and to what is closed to the space", async () => {
    const { caseId } = await apply(base);
    const remote = (await entering(caseId)).filter((line) => line.includes("partner.example"));
    expect(remote).toEqual([
      "invite space @md:partner.example",
      "invite rapporteurs @md:partner.example",
    ]);
  });

  it.each([
    ["invited", ["invite space", "invite plenary", "invite s1"]],
    ["by-space", ["invite space"]],
    ["joined", ["bring-in space", "bring-in plenary", "bring-in s1"]],
  ] as const)("brings local people in as the configuration says: %s", async (way, expected) => {
    const { caseId } = await apply(base, way);
    expect(await entering(caseId)).toEqual(
      expect.arrayContaining(expected.map((line) => `${line} @fi:example.org`)),
    );
    expect(
      (await entering(caseId)).filter((line) => line.endsWith("@fi:example.org")),
    ).toHaveLength(expected.length);
  });

  it("makes nothing twice", async () => {
    const first = await apply(base);
    expect(first).toMatchObject({ created: true });
    const before = await count();
    for (let again = 0; again < 3; again += 1) {
      expect(await apply(base.replace("Sixth meeting", "SIXTH meeting"))).toMatchObject({
        ...{ code: first.code, created: false, kept: [] },
        added: { people: 0, rooms: 0 },
      });
    }
    expect(await count()).toEqual(before);
  });

  it("adds new people to all rooms of their role, and new rooms for everybody", async () => {
    const { caseId } = await apply(base);
    const before = await entering(caseId);
    const more = base.replace(
      "roster:",
      "  - { code: s2, title: Session II, room: true }\nroster:\n  - { localpart: se, function: Prosecutor, state: SE, role: participant }",
    );
    expect(await apply(more)).toMatchObject({ created: false, added: { people: 1, rooms: 1 } });
    expect((await entering(caseId)).slice(before.length).sort()).toEqual([
      "invite plenary @se:example.org",
      "invite s1 @se:example.org",
      "invite s2 @chair:example.org",
      "invite s2 @fi:example.org",
      "invite s2 @se:example.org",
      "invite space @se:example.org",
    ]);
    const steps = await openedSteps(db, vault, caseId);
    const space = await db
      .selectFrom("case_room")
      .select("id")
      .where("kind", "=", "space")
      .executeTakeFirstOrThrow();
    expect(steps.flatMap(({ step }) => (step.kind === "create-room" ? [step.openTo] : []))).toEqual(
      [undefined, space.id, space.id, undefined, space.id],
    );
    expect(
      (await findCase(db, vault, caseId))?.case.profile.agenda.map(({ code }) => code),
    ).toEqual(["s1", "s2"]);
    const after = await count();
    await apply(more);
    expect(await count()).toEqual(after);
  });

  it("adds people of other homeservers with few invitations too", async () => {
    const { caseId } = await apply(base);
    const before = await entering(caseId);
    const entry = '{ matrixId: "@se:partner.example", function: P, state: SE, role: co-chair }';
    await apply(base.replace("roster:", `roster:\n  - ${entry}`));
    expect((await entering(caseId)).slice(before.length)).toEqual([
      "invite space @se:partner.example",
      "invite rapporteurs @se:partner.example",
    ]);
  });

  it("changes and removes nothing, brings nobody back, and says so", async () => {
    const { caseId } = await apply(base);
    const open = await findCase(db, vault, caseId);
    if (open === undefined) throw new Error("no case");
    const fi = await findPerson(db, open.seal, caseId, UserId.parse("@fi:example.org"));
    if (fi === undefined) throw new Error("no person");
    await db.transaction().execute((transaction) => markRemoved(transaction, fi.id, now));
    const before = await count();
    const changed = base
      .replace("role: rapporteur", "role: participant")
      .replace("Europe/Amsterdam", "Europe/Brussels")
      .replace(/ {2}- \{ localpart: chair.*\n/, "");
    const { kept, added } = await apply(changed);
    expect(added).toEqual({ people: 0, rooms: 0, settings: [] });
    expect(kept).toEqual([
      expect.stringContaining("@fi:example.org was removed from the case and stays out"),
      expect.stringContaining("@md:partner.example has the role rapporteur, and keeps it"),
      expect.stringContaining("One person on the roster is not in the file"),
      "timeZone differs from the file, and stays as it is.",
    ]);
    expect(await count()).toEqual(before);
  });

  it("adds nobody to a case that is over", async () => {
    const { caseId } = await apply(base);
    const { life } = roomTemplate("focus-group");
    const [final] = Object.entries(life.states).find(([, state]) => state.final) ?? [];
    await db.transaction().execute((transaction) => saveState(transaction, caseId, final ?? ""));
    expect(await apply(base)).toMatchObject({ added: { people: 0, rooms: 0 } });
    const more = base.replace(
      "roster:",
      "roster:\n  - { localpart: se, function: Prosecutor, state: SE, role: participant }",
    );
    await expect(apply(more)).rejects.toMatchObject({ code: "case.over" });
  });

  it("refuses another kind of case under the same name", async () => {
    await apply(base);
    const other =
      "template: jit\nname: sixth meeting\ntimeZone: UTC\nroster:\n  - { localpart: a, function: F, state: BE, role: leader }\n";
    await expect(apply(other)).rejects.toMatchObject({ code: "case.other-template" });
  });
});
