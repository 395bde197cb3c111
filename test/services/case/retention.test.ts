import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCaseFile } from "../../../src/config/case-file.ts";
import { openDatabase } from "../../../src/db/database.ts";
import type { Database } from "../../../src/db/schema.ts";
import { destroyDue } from "../../../src/process/destroy-due.ts";
import { applyCase } from "../../../src/services/case/apply-case.ts";
import { createCase } from "../../../src/services/case/create-case.ts";
import { Vault } from "../../../src/vault/vault.ts";
import { type CaseHarness, harnessBots, openCaseHarness } from "../../support/case-harness.ts";
import { testLocation } from "../../support/database.ts";
import { fireTimers } from "../../support/fire-timers.ts";

let group: CaseHarness;
beforeEach(async () => {
  group = await openCaseHarness({
    ...{ template: "focus-group", state: "planned" },
    profile: { name: "Sixth meeting", timeZone: "Europe/Amsterdam" },
    people: ["one", "two"].map((localpart) => ({
      ...{ localpart, function: "Co-chair", body: "Eurojust", role: "co-chair" },
      timeZone: "Europe/Amsterdam",
    })),
    now: "2027-10-07T08:00:00Z",
  });
});
afterEach(() => group.close());

const say = (who: string, body: string) => group.ask(who, "plenary", body);

async function adopt(): Promise<void> {
  await say("one", "!case state open");
  await say("one", "!case state closed");
  await say("one", "!case state report adopted");
  await say("two", "!case confirm 1");
}

async function retention(db: Kysely<Database>): Promise<readonly (readonly [string, string])[]> {
  const rows = await db
    .selectFrom("timer")
    .select(["subject", "due_at"])
    .where("kind", "=", "case.retention")
    .orderBy("due_at")
    .orderBy("subject")
    .execute();
  return rows.map(({ subject, due_at }) => [subject, due_at.slice(0, 10)]);
}

describe("the retention of a focus group", () => {
  it("begins for all its data when it is archived without a report", async () => {
    await say("one", "!case state open");
    await say("one", "!case state planned");
    await say("one", "!case close");
    await say("two", "!case confirm 1");
    expect(await retention(group.db)).toEqual([
      ["workshop-notes", "2028-01-05"],
      ["audit", "2030-10-07"],
      ["meeting-record", "2032-10-07"],
    ]);
  });

  it("keeps the time that has begun with the report when it is archived later", async () => {
    await adopt();
    group.setNow("2027-11-07T08:00:00Z");
    await say("one", "!case close");
    await say("two", "!case confirm 2");
    expect((await retention(group.db))[0]).toEqual(["workshop-notes", "2028-01-05"]);
  });

  it("is announced 14 and 3 days before rooms are destroyed, once each", async () => {
    await adopt();
    expect(await fireTimers(group, "2027-12-22T07:59:59Z")).toEqual([]);
    const [first] = await fireTimers(group, "2027-12-22T08:00:00Z");
    expect(first).toMatch(
      /^!plenary: Workshop notes: the retention time ends at the end of Wed 5 January 2028\. Then all rooms/,
    );
    expect(await fireTimers(group, "2028-01-02T08:00:00Z")).toHaveLength(2);
    expect(await fireTimers(group, "2028-01-05T08:00:00Z")).toHaveLength(2);
  });

  it("is announced once when nothing ran for a while, and not in a group that is archived", async () => {
    await adopt();
    expect(await fireTimers(group, "2028-01-03T08:00:00Z")).toHaveLength(1);
    await group.db.updateTable("timer").set({ sent_at: null }).execute();
    await group.db.updateTable("case_file").set({ state: "archived" }).execute();
    expect(await fireTimers(group, "2028-01-03T09:00:00Z")).toHaveLength(1);
  });
});

const file = `template: focus-group
name: Seventh meeting
timeZone: Europe/Amsterdam
state: report-adopted
roster:
  - { localpart: chair, function: Co-chair, body: Eurojust, role: co-chair }
`;

describe("a focus group whose report was adopted before it was entered", () => {
  const vault = new Vault(randomBytes(32));
  const request = (text: string, cause: string) => ({
    file: readCaseFile(text, {
      ...{ fileName: "case.yaml", serverName: "example.org", bots: Object.values(harnessBots) },
    }),
    ...{ bots: harnessBots, actor: { kind: "operator", reason: "test" } as const, cause },
  });

  it("has its retention time from its entry, and gets no rooms again after they were destroyed", async () => {
    const db = await openDatabase(await testLocation());
    const now = Temporal.Instant.from("2027-10-07T08:00:00Z");
    await db
      .transaction()
      .execute((transaction) =>
        createCase({ db: transaction, vault, now }, request(file, "create")),
      );
    expect(await retention(db)).toEqual([["workshop-notes", "2028-01-05"]]);
    const later = Temporal.Instant.from("2028-01-07T08:00:00Z");
    await destroyDue({ db, vault, now: () => later });
    const again = await db
      .transaction()
      .execute((transaction) =>
        applyCase({ db: transaction, vault, now: later }, request(file, "apply")),
      );
    expect(again).toMatchObject({ created: false, rooms: [], added: { people: 0, rooms: 0 } });
    expect(again.kept.join()).toContain("none is made again");
    expect(await db.selectFrom("case_room").selectAll().execute()).toEqual([]);
    await db.destroy();
  });
});
