import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CaseHarness, harnessBots } from "../support/case-harness.ts";
import { converse, userIdOf as id, operator, type Say } from "../support/direct-conversation.ts";
import { openNightjar } from "../support/nightjar-demo.ts";
import { openedSteps } from "../support/outbox.ts";
import { rememberRows } from "../support/rewind.ts";

const leader = id("nightjar-ro-pros");

let harness: CaseHarness;
let say: Say;
let rewind: () => Promise<void>;
const now = Temporal.Instant.from("2026-12-01T08:15:00Z");
beforeAll(async () => {
  harness = await openNightjar();
  say = await converse(harness, () => now);
  rewind = await rememberRows(harness.db);
});
beforeEach(() => rewind());
afterAll(() => harness.close());

describe("a direct conversation", () => {
  it("asks for the case, even of somebody who is in one only, and remembers it", async () => {
    expect(await say(leader, "!meeting list", { bot: harnessBots.clerk })).toMatch(
      /Which case do you mean\?[\s\S]*in NIGHTJAR \(TEST-0001\)/,
    );
    expect(await say(leader, "in nightjar", { bot: harnessBots.clerk })).toContain(
      "now about NIGHTJAR (TEST-0001)",
    );
    expect(await say(leader, "!meeting list", { bot: harnessBots.clerk })).toMatch(/^In NIGHTJAR:/);
    // Another conversation has heard of no case.
    expect(await say(leader, "!meeting list")).toContain("Which case do you mean?");
    expect(await say(leader, "!in TEST-0001")).toContain("NIGHTJAR");
  });

  it("keeps what it remembers sealed", async () => {
    await say(leader, "in nightjar");
    const rows = await harness.db.selectFrom("direct_room").selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`NIGHTJAR|${harness.caseId}`));
  });

  it("shows what the room for everybody shows to this person, and does what their role may", async () => {
    await harness.ask(
      "nightjar-ro-pros",
      "leaders",
      "!action add @nightjar-be-ij tomorrow: Leaders only",
    );
    await harness.ask(
      "nightjar-ro-pros",
      "coordination",
      "!action add @nightjar-be-ij tomorrow: For all",
    );
    await say(leader, "in NIGHTJAR", { bot: harnessBots.clerk });
    const list = await say(leader, "!action list", { bot: harnessBots.clerk });
    expect(list).toContain("For all");
    expect(list).not.toContain("Leaders only");
    const observer = id("nightjar-md-obs");
    await say(observer, "in NIGHTJAR", { bot: harnessBots.clerk });
    expect(
      await say(observer, "!meeting schedule tomorrow 10:00: X", { bot: harnessBots.clerk }),
    ).toContain("Your role in this case does not include this command");
  });

  it("tells strangers and former members nothing, and nobody of cases that are not theirs", async () => {
    expect(await say(id("stranger"), "!meeting list")).toContain("on the roster of no case");
    expect(await say(id("stranger"), "in NIGHTJAR")).toContain("on the roster of no case");
    expect(await say(operator, "in NIGHTJAR")).toBe("You are on no roster of a case “NIGHTJAR”.");
    const europol = id("nightjar-europol");
    await say(europol, "in NIGHTJAR");
    await harness.ask("nightjar-ro-pros", "coordination", "!member remove @nightjar-europol");
    expect(await say(europol, "!case status")).toContain("on the roster of no case");
  });

  it("is none while others are in the room", async () => {
    const others = [id("nightjar-be-ij")];
    expect(await say(leader, "!meeting list", { others })).toContain("Others are in this room");
    expect(await say(leader, "in Brussels it rains", { others })).toBeUndefined();
  });

  it("does not answer edits, and takes nothing from a device that is not verified", async () => {
    expect(await say(leader, "in NIGHTJAR", { edit: true })).toBeUndefined();
    expect(await say(leader, "in NIGHTJAR", { unsigned: true })).toContain("not verified by you");
    expect(await say(leader, "!meeting list")).toContain("Which case");
  });

  it("says what to do where it understands nothing", async () => {
    expect(await say(leader, "good morning")).toContain("Which case do you mean?");
    await say(leader, "in NIGHTJAR");
    expect(await say(leader, "good morning")).toContain("I understand commands only");
    expect(await say(leader, "!meting list")).toContain("Did you mean");
  });

  it("announces to everybody what becomes of the case, for nobody else has read it", async () => {
    await say(leader, "in NIGHTJAR");
    expect(await say(leader, "!case state negotiation")).toContain("in negotiation");
    const announced = (await openedSteps(harness.db, harness.vault, harness.caseId)).filter(
      ({ lane }) => lane === "!coordination",
    );
    expect(JSON.stringify(announced)).toMatch(/The case is now in negotiation.*Decided by/);
    await rewind();
    await harness.ask("nightjar-ro-pros", "coordination", "!case state negotiation");
    const steps = await openedSteps(harness.db, harness.vault, harness.caseId);
    expect(JSON.stringify(steps)).not.toContain("The case is now");
  });

  it("shares nothing with newcomers, who do not read it, and shows to nobody else who asked", async () => {
    await say(leader, "in NIGHTJAR");
    expect(await say(leader, "!member share @nightjar-be-ij")).toContain(
      "Type this in the room in which it is to be shared",
    );
    const bilateral = await say(leader, "!case bilateral RO BE");
    expect(bilateral).toContain("are invited to");
    expect(bilateral).not.toContain("Whoever reads this room");
  });
});
