import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { saveState } from "../../../src/db/repositories/cases.ts";
import { isBarred } from "../../../src/db/repositories/members.ts";
import { saveMembership } from "../../../src/db/repositories/rooms.ts";
import { CaseRoomId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { type CaseHarness, caseOf, openCaseHarness } from "../../support/case-harness.ts";
import { fireTimers } from "../../support/fire-timers.ts";
import { nightjarCase, openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  rewind = await rememberRows(harness.db);
});
beforeEach(async () => {
  await rewind();
  harness.setNow("2026-12-01T08:15:00Z");
  await inState("negotiation");
});
afterAll(() => harness.close());

function id(localpart: string): UserId {
  return UserId.parse(`@${localpart}:rogatory.localhost`);
}

function inState(state: string): Promise<void> {
  return harness.db
    .transaction()
    .execute((transaction) => saveState(transaction, harness.caseId, state));
}

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

async function state(): Promise<string | undefined> {
  return (await caseOf(harness)).case.state;
}

async function acts(): Promise<readonly string[]> {
  const rows = await harness.db.selectFrom("journal").select("act").orderBy("sequence").execute();
  return rows.map(({ act }) => act);
}

describe("!case state", () => {
  it("shows where the case stands and what can follow", async () => {
    const answer = await ask("ro-pros", "!case state");
    expect(answer).toContain("The case is in negotiation.");
    expect(answer).toMatch(/!case state signed — signed[\s\S]*!case state closed — closed/);
  });

  it("brings the case into the next state, journals it and announces it in the room for notices", async () => {
    expect(await ask("be-ij", "!case state Signed", "leaders")).toContain("is now signed");
    expect(await state()).toBe("signed");
    expect(await acts()).toEqual(["case.state"]);
    const said = await openedSteps(harness.db, harness.vault, harness.caseId);
    expect(said).toMatchObject([
      {
        lane: "!notices",
        step: { kind: "send", content: { body: expect.stringContaining("Investigating judge") } },
      },
    ]);
  });

  it("is announced to all in the room of everybody where there is none for notices", async () => {
    await harness.db.deleteFrom("case_room").where("kind", "=", "notices").execute();
    await ask("be-ij", "!case state signed", "leaders");
    const said = await openedSteps(harness.db, harness.vault, harness.caseId);
    expect(said).toMatchObject([{ lane: "!coordination" }]);
  });

  it("is not announced a second time in the room where it was typed", async () => {
    await harness.db.deleteFrom("case_room").where("kind", "=", "notices").execute();
    await ask("be-ij", "!case state signed");
    expect(await openedSteps(harness.db, harness.vault, harness.caseId)).toEqual([]);
  });

  it("refuses what comes too early or not any more, and names what comes first", async () => {
    expect(await ask("be-ij", "!case state operational")).toContain(
      "it becomes operational by !case state signed, then !case state operational",
    );
    expect(await ask("be-ij", "!case state lapsed")).toContain("is not a state");
    expect(await state()).toBe("negotiation");
  });

  it("waits for a second leader where it cannot be undone, and happens once", async () => {
    await inState("operational");
    expect(await ask("ro-pros", "!case state post-operational")).toContain("!case confirm 1");
    expect(await state()).toBe("operational");
    expect(await ask("ro-pros", "!case confirm 1")).toContain("another leader");
    expect(await ask("ej-ro", "!case confirm 1")).toMatch(/^Your role/);
    expect(await ask("nl-pros", "!case confirm 1")).toContain("is now post-operational");
    expect(await ask("be-ij", "!case confirm 1")).toContain("Nothing with the number 1");
    expect(await acts()).toEqual(["case.ask", "case.state"]);
  });

  it("makes a draft of a signed agreement again by two leaders only", async () => {
    await inState("signed");
    const line = "!case agreement set RO,BE 2027-02-01 2028-01-31 Something else";
    expect(await ask("ro-pros", "!case state negotiation")).toContain("!case confirm 1");
    expect(await ask("ro-pros", line)).toContain("only an extension");
    expect(await ask("ro-pros", "!case confirm 1")).toContain("another leader");
    expect(await ask("be-ij", "!case confirm 1")).toContain("is now in negotiation");
    expect(await ask("ro-pros", line)).toContain("Written down");
  });

  it("waits a day and no longer", async () => {
    await inState("operational");
    await ask("ro-pros", "!case state post-operational");
    harness.setNow("2026-12-02T08:15:01Z");
    expect(await ask("nl-pros", "!case confirm 1")).toContain("within 24 hours");
    expect(await state()).toBe("operational");
  });

  it("does not confirm what another transition has overtaken", async () => {
    await ask("ro-pros", "!case close");
    await ask("be-ij", "!case state signed");
    expect(await ask("nl-pros", "!case confirm 1")).toContain("Nothing with the number 1");
    expect(await state()).toBe("signed");
  });

  it("needs an agreement that is not over before the case is signed", async () => {
    harness.setNow("2028-01-11T08:00:00Z");
    expect(await ask("be-ij", "!case state signed")).toContain(
      "period of the JIT agreement is over",
    );
  });

  it("is not operational before the first day of the agreement, where the case is", async () => {
    await inState("signed");
    harness.setNow("2027-01-10T22:59:59Z");
    expect(await ask("be-ij", "!case state operational")).toContain(
      "in force from 11 January 2027 on: until then the case is not operational",
    );
    expect(await ask("be-ij", "!case agreement")).toContain("signed, and in force from its first");
    expect(await ask("be-ij", "!case agreement extend 2028-06-30")).toContain("30 June 2028");
    expect(await state()).toBe("signed");
    harness.setNow("2027-01-10T23:00:00Z");
    expect(await ask("be-ij", "!case state operational")).toContain("is now operational");
    expect(await ask("be-ij", "!case agreement")).toContain("Agreement: in force");
  });

  it("keeps the reason and the pending change in sealed columns only", async () => {
    await ask("ro-pros", "!case close prosecuted elsewhere");
    const rows = await harness.db.selectFrom("case_change").selectAll().execute();
    const journal = await harness.db.selectFrom("journal").selectAll().execute();
    expect(JSON.stringify([rows, journal])).not.toMatch(/elsewhere|closed/);
  });
});

describe("what a state allows", () => {
  it("refuses a funding application before the signatures, and says what to do", async () => {
    expect(await ask("ro-pros", "!request new EIO to BE: hotel registers")).toContain("EIO-001");
    expect(await ask("ro-pros", "!request new JITF: travel")).toContain(
      "No JITF is drafted while the case is in negotiation. A leader or co-chair types first: !case state signed.",
    );
    await ask("ro-pros", "!case state signed");
    expect(await ask("ro-pros", "!request new JITF: travel")).toContain("JITF-001");
  });

  it("refuses requests for a JIT that is over", async () => {
    await inState("post-operational");
    expect(await ask("ro-pros", "!request new EIO to BE: hotel registers")).toContain(
      "No EIO is drafted while the case is post-operational. It cannot be done any more.",
    );
    expect(await ask("ro-pros", "!meeting schedule tomorrow 10:00 evaluation")).toContain("M-001");
  });

  it("leaves nothing but reading once the case is closed, and the help offers nothing else", async () => {
    await inState("closed");
    for (const line of [
      "!meeting schedule tomorrow 10:00 again",
      "!action add x by Friday",
      "!member remove @nightjar-md-obs",
      "!case state negotiation",
      "!case bilateral RO BE",
    ]) {
      expect(await ask("ro-pros", line), line).toContain("while the case is closed. It cannot");
    }
    expect(await ask("ro-pros", "!case status")).toContain("State: closed");
    const help = await ask("ro-pros", "!help");
    expect(help).toContain("!meeting list");
    expect(help).not.toContain("!meeting schedule");
  });

  it("says to people without the role that it is the role", async () => {
    await inState("closed");
    expect(await ask("md-obs", "!meeting schedule tomorrow 10:00 again")).toMatch(/^Your role/);
  });
});

describe("the second leader of a transition", () => {
  it("is nobody whom the first has made a leader, and the first is still there", async () => {
    const second = '!member add @nightjar-two:rogatory.localhost leader RO "Second prosecutor"';
    await inState("operational");
    await ask("ro-pros", second);
    await ask("ro-pros", "!case state post-operational");
    expect(await ask("two", "!case confirm 1")).toContain("another leader");
    await ask("be-ij", "!member remove @nightjar-ro-pros");
    await ask("nl-pros", "!member confirm 1");
    expect(await ask("nl-pros", "!case confirm 1")).toContain("may not do so any more");
  });
});

describe("!case close", () => {
  it("asks for what comes before", async () => {
    await inState("operational");
    expect(await ask("ro-pros", "!case close")).toContain(
      "types first: !case state post-operational",
    );
  });

  it("takes everybody out of every room a little later, and keeps the roster", async () => {
    await inState("post-operational");
    await ask("ro-pros", "!case close evaluation completed", "leaders");
    expect(await ask("be-ij", "!case confirm 1", "leaders")).toContain("in 5 minutes");
    expect(await state()).toBe("closed");
    await fireTimers(harness, "2026-12-01T08:19:00Z");
    expect(await harness.db.selectFrom("room_bar").selectAll().execute()).toEqual([]);
    // The export is still on its way to the leaders, who could not read it once they are barred.
    await fireTimers(harness, "2026-12-01T08:20:01Z");
    expect(await harness.db.selectFrom("room_bar").selectAll().execute()).toEqual([]);
    await harness.db.updateTable("outbox").set({ state: "done" }).execute();
    const said = await fireTimers(harness, "2026-12-01T08:21:02Z");
    expect(said).toEqual([
      expect.stringContaining("!leaders: These two files hold what may be kept"),
      expect.stringContaining("!notices: The case is now closed."),
    ]);
    const steps = await openedSteps(harness.db, harness.vault, harness.caseId);
    const kicked = steps.flatMap(({ step }) => (step.kind === "kick" ? [step.userId] : []));
    expect(new Set(kicked).size).toBe(nightjarCase.roster.length);
    // Each from the space, the coordination room and that for notices, the four leaders from theirs too.
    expect(kicked).toHaveLength(3 * nightjarCase.roster.length + 4);
    expect(kicked.every((userId) => !userId.includes("rogatory_"))).toBe(true);
    expect(await ask("md-obs", "!member list")).toContain("@nightjar-md-obs");
    expect(await acts()).toContain("case.empty");
  });

  it("takes out whom a leader had let in, and who is still in a room that was replaced", async () => {
    await inState("post-operational");
    const { db, caseId } = harness;
    const former = RoomId.parse("!former");
    const [room] = await db.selectFrom("case_room").select("id").execute();
    await db.transaction().execute(async (transaction) => {
      const member = (roomId: string, who: string, membership: string) =>
        saveMembership(transaction, RoomId.parse(roomId), id(who), membership);
      await transaction
        .insertInto("former_room")
        .values({
          ...{ room_id: former, case_id: caseId, case_room_id: CaseRoomId.parse(room?.id) },
          ...{ replaced_at: "2026", refilled_at: "2026" },
        })
        .execute();
      await member("!coordination", "stranger", "join");
      await member("!coordination", "rogatory_clerk", "join");
      await member("!former", "nightjar-europol", "join");
      await member("!former", "gone", "leave");
      await member("!former", "rogatory_registrar", "join");
    });
    await ask("ro-pros", "!case close");
    await ask("be-ij", "!case confirm 1");
    // The files of the export have arrived.
    await db.updateTable("outbox").set({ state: "done" }).execute();
    await fireTimers(harness, "2026-12-01T08:20:01Z");
    const kicks = (await openedSteps(db, harness.vault, caseId)).flatMap(({ step }) =>
      step.kind === "kick" ? [step] : [],
    );
    const strangers = kicks.filter(({ userId }) => !userId.includes("nightjar"));
    expect(strangers.map(({ userId }) => userId)).toEqual([id("stranger")]);
    expect(await isBarred(db, { roomId: RoomId.parse("!coordination") }, id("stranger"))).toBe(
      true,
    );
    expect(kicks.filter(({ room: from }) => "roomId" in from)).toEqual([
      { kind: "kick", room: { roomId: former }, userId: id("nightjar-europol") },
    ]);
    expect(await isBarred(db, { roomId: former }, id("nightjar-europol"))).toBe(true);
  });

  it("gives the leaders what may be kept, without what must not be, and names nobody", async () => {
    await ask("ro-pros", "!action add @NL-PROS hidden parcel by Friday");
    await ask("ro-pros", "!request new EIO to BE: hidden registers");
    await ask("ro-pros", "!meeting schedule tomorrow 10:00 first coordination meeting");
    await inState("post-operational");
    await ask("ro-pros", "!case close");
    await ask("be-ij", "!case confirm 1");
    const files = (await openedSteps(harness.db, harness.vault, harness.caseId)).flatMap(
      ({ lane, step }) => (step.kind === "send-file" ? [{ lane, ...step }] : []),
    );
    expect(files.map(({ lane, fileName }) => `${lane} ${fileName}`)).toEqual([
      "!leaders TEST-0001.md",
      "!leaders TEST-0001.json",
    ]);
    const [text = "", json = ""] = files.map(({ bytesBase64 }) =>
      Buffer.from(bytesBase64, "base64").toString(),
    );
    for (const form of [text, json]) {
      expect(form).toContain("NIGHTJAR");
      expect(form).toContain("EIO-001");
      expect(form).toContain("first coordination meeting");
      expect(form).toContain("Investigating judge, JIT leader");
      expect(form).not.toMatch(/hidden|@nightjar|A-001/);
    }
    expect(JSON.parse(json)).toMatchObject({
      format: "rogatory-case/1",
      state: "closed",
      leftOut: ["actions", "request-texts"],
      requests: [{ number: "EIO-001", issuing: "RO", executing: ["BE"], status: "draft" }],
    });
    expect(await acts()).toContain("case.export");
  });

  it("sets a timer for each class of data", async () => {
    await inState("post-operational");
    await ask("ro-pros", "!case close");
    await ask("be-ij", "!case confirm 1");
    const timers = await harness.db
      .selectFrom("timer")
      .select(["subject", "due_at"])
      .where("kind", "=", "case.retention")
      .orderBy("due_at")
      .execute();
    // To the end of the last day in Amsterdam: 28 days, three years, five years after 1 December 2026.
    expect(timers).toEqual([
      { subject: "operational", due_at: "2026-12-29T23:00:00.000Z" },
      { subject: "audit", due_at: "2029-12-01T23:00:00.000Z" },
      { subject: "non-operational", due_at: "2031-12-01T23:00:00.000Z" },
    ]);
  });
});

describe("the states of a focus group", () => {
  it("open it for takeaways, and the adoption of its report is decided by two", async () => {
    const group = await openCaseHarness({
      template: "focus-group",
      state: "planned",
      profile: {
        ...{ name: "THB", timeZone: "Europe/Amsterdam", reportTemplate: "focus-group" },
        meeting: {
          ...{ ordinal: 6, title: "Focus Group", organisation: "EUROJUST", place: "The Hague" },
          ...{ from: "2027-10-07", to: "2027-10-08" },
        },
      },
      people: ["one", "two"].map((localpart) => ({
        ...{ localpart, function: "Co-chair", body: "Eurojust", role: "co-chair" },
        timeZone: "Europe/Amsterdam",
      })),
      now: "2027-10-07T08:00:00Z",
    });
    const say = (who: string, body: string) => group.ask(who, "plenary", body);
    expect(await say("one", "!t #key key Nothing yet")).toContain(
      "while the case is planned. A leader or co-chair types first: !case state open.",
    );
    await say("one", "!case state open");
    expect(await say("one", "!t #key key Headline | Nothing yet")).toContain("T-001");
    await say("one", "!case state closed");
    expect(await say("one", "!case state report adopted")).toContain("!case confirm 1");
    expect(await say("two", "!case confirm 1")).toContain("the report adopted");
    expect(await say("one", "!t #key key More")).toContain("cannot be done any more");
    expect(await say("one", "!case agreement")).toContain("no JIT agreement");
    const timers = await group.db.selectFrom("timer").select(["kind", "subject"]).execute();
    expect(timers).toEqual([
      { kind: "case.retention", subject: "workshop-notes" },
      { kind: "case.retention-alarm", subject: "workshop-notes:14" },
      { kind: "case.retention-alarm", subject: "workshop-notes:3" },
    ]);
    await group.close();
  });
});
