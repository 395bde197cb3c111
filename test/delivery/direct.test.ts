import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CaseHarness, harnessBots } from "../support/case-harness.ts";
import { converse, userIdOf as id, operator, type Say } from "../support/direct-conversation.ts";
import { fireTimers } from "../support/fire-timers.ts";
import { openNightjar } from "../support/nightjar-demo.ts";
import { openedSteps } from "../support/outbox.ts";
import { rememberRows } from "../support/rewind.ts";

const leader = id("nightjar-ro-pros");
const clerk = { bot: harnessBots.clerk };

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
    await harness.db.updateTable("case_file").set({ state: "negotiation" }).execute();
    expect(await say(leader, "!case state signed")).toContain("signed");
    const announced = (await openedSteps(harness.db, harness.vault, harness.caseId)).filter(
      ({ lane }) => lane === "!notices",
    );
    expect(JSON.stringify(announced)).toMatch(/The case is now signed.*Decided by/);
    await rewind();
    await harness.db.updateTable("case_file").set({ state: "negotiation" }).execute();
    await harness.ask("nightjar-ro-pros", "notices", "!case state signed");
    const steps = await openedSteps(harness.db, harness.vault, harness.caseId);
    expect(JSON.stringify(steps)).not.toContain("The case is now");
  });

  it("shares nothing with newcomers, who do not read it, and shows to nobody else who asked", async () => {
    await say(leader, "in NIGHTJAR");
    expect(await say(leader, "!member share @nightjar-be-ij")).toContain(
      "Type this in the room in which it is to be shared",
    );
    const bilateral = await say(leader, "!case bilateral RO BE");
    expect(bilateral).toContain("have a room of their own");
    expect(bilateral).not.toContain("Whoever reads this room");
  });

  it("takes the case with a single command, before or after it, and does not remember it", async () => {
    for (const text of [
      "!action list in NIGHTJAR",
      "in TEST-0001 !action list",
      "!action list\nin nightjar",
    ]) {
      expect(await say(leader, text, { bot: harnessBots.clerk }), text).toMatch(/^In NIGHTJAR:/);
    }
    expect(await say(leader, "!action list", { bot: harnessBots.clerk })).toContain(
      "Which case do you mean?",
    );
    expect(await say(leader, "!help in NIGHTJAR")).toContain("counts for that command only");
    expect(await harness.ask("nightjar-ro-pros", "coordination", "!help")).not.toContain(
      "direct conversation",
    );
  });

  it("does not take every sentence that begins with in for the name of a case", async () => {
    expect(await say(leader, "in the meantime I have a question")).toContain("Which case");
    await say(leader, "in NIGHTJAR");
    expect(await say(leader, "in the meantime I have a question")).toContain(
      "I understand commands only",
    );
    expect(await say(leader, "in NIGHTJER")).toBe(
      "You are on no roster of a case “NIGHTJER”. Yours: NIGHTJAR (TEST-0001).",
    );
  });
});

describe("a direct conversation of somebody who has two cases", () => {
  beforeEach(async () => {
    const person = `${leader} leader RO Prosecutor`;
    for (const text of ["!case new", "jit", "HERON", "Europe/Brussels", "skip", person, "done"]) {
      await say(operator, text);
    }
    expect(await say(operator, "yes")).toContain("HERON is JIT-");
  });

  it("asks which one, and takes the answer", async () => {
    const question = await say(leader, "!action list", clerk);
    expect(question).toMatch(/Which case[\s\S]*NIGHTJAR[\s\S]*HERON/);
    expect(await say(leader, "heron", clerk)).toContain("now about HERON");
    expect(await say(leader, "!action list", clerk)).toMatch(/^In HERON:/);
  });

  it("stays with the one that is remembered when another is named once", async () => {
    await say(leader, "in HERON", clerk);
    const typed = "!action add me by Friday: call them in NIGHTJAR";
    expect(await say(leader, typed, clerk)).toMatch(/^In NIGHTJAR:/);
    expect(await say(leader, "!action list", clerk)).not.toContain("call them");
    expect(await say(leader, "!action list in NIGHTJAR", clerk)).toContain("call them");
    expect(await say(leader, "in NIGHTJAR !action list in HERON", clerk)).toContain("name one");
  });
});

describe("a direct conversation about a case that is over", () => {
  it("goes on with those who lead it, as far as its state allows, and with nobody else", async () => {
    const observer = id("nightjar-md-obs");
    for (const person of [leader, observer]) await say(person, "in NIGHTJAR");
    await harness.db.updateTable("case_file").set({ state: "post-operational" }).execute();
    expect(await say(leader, "!case close")).toContain("!case confirm 1");
    expect(await say(id("nightjar-be-ij"), "!case confirm 1 in NIGHTJAR")).toContain("closed");
    const announced = (await openedSteps(harness.db, harness.vault, harness.caseId)).filter(
      ({ lane }) => lane === "!notices",
    );
    expect(JSON.stringify(announced)).toMatch(/The case is now closed.*Everybody is taken out/);
    expect(await say(observer, "!case status")).toMatch(/^In NIGHTJAR:/);
    await harness.db.updateTable("outbox").set({ state: "done" }).execute();
    await fireTimers(harness, now.add({ minutes: 6 }).toString());
    expect(await say(leader, "!case status")).toMatch(/^In NIGHTJAR:/);
    expect(await say(leader, "!meeting schedule tomorrow 10:00: X in NIGHTJAR", clerk)).toContain(
      "This is not done while the case is closed",
    );
    for (const text of ["!case status", "in NIGHTJAR", "!case status in TEST-0001"]) {
      expect(await say(observer, text), text).toContain("NIGHTJAR (TEST-0001) is over");
    }
    expect(await say(observer, "hello")).toContain("Your cases are over");
  });
});
