import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RoomId } from "../../../src/domain/ids.ts";
import { showBoards } from "../../../src/services/board/show-boards.ts";
import { boardSteps, enterRoom, readBoard, roomOf, sendAll } from "../../support/boards.ts";
import { type CaseHarness, caseOf, harnessBots } from "../../support/case-harness.ts";
import { fireTimers } from "../../support/fire-timers.ts";
import { openNightjar } from "../../support/nightjar-demo.ts";
import { openedSteps } from "../../support/outbox.ts";
import { rememberRows } from "../../support/rewind.ts";

const start = "2026-12-01T08:15:00Z";

let harness: CaseHarness;
let rewind: () => Promise<void>;
beforeAll(async () => {
  harness = await openNightjar();
  rewind = await rememberRows(harness.db);
});
beforeEach(async () => {
  await rewind();
  harness.setNow(start);
});
afterAll(() => harness.close());

function ask(who: string, body: string, room = "coordination"): Promise<string> {
  return harness.ask(`nightjar-${who}`, room, body);
}

async function timers(): Promise<readonly string[]> {
  const rows = await harness.db
    .selectFrom("timer")
    .select("due_at")
    .where("kind", "=", "board.show")
    .where("sent_at", "is", null)
    .execute();
  return rows.map(({ due_at: dueAt }) => Temporal.Instant.from(dueAt).toString());
}

describe("the board of a room", () => {
  it("is posted and pinned with the welcome of the first who come, and says what fills it", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await enterRoom(harness, "nightjar-be-ij", "coordination", "2026-12-01T08:15:10Z");
    expect(await boardSteps(harness, "coordination")).toEqual(["post-board", "pin-board"]);
    const steps = await openedSteps(harness.db, harness.vault, harness.caseId);
    const due = (kind: string) => steps.find(({ step }) => step.kind === kind)?.notBefore;
    expect(due("post-board")).toBe(due("send"));
    expect(due("post-board")).toBe("2026-12-01T08:15:30Z");
    expect(await readBoard(harness, "coordination")).toBe(
      "Board of NIGHTJAR\n\nThere is nothing on it yet. It shows what comes by !meeting schedule or !action add; !help lists what you can type.",
    );
    expect(await readBoard(harness, "leaders")).toBeUndefined();
  });

  it("shows the next meeting in the case's zone and its people's, and actions by date", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await ask("ro-pros", "!meeting schedule 16 December 2026 10:00 for 1h: Later");
    await ask("ro-pros", "!meeting schedule tomorrow 10:00 for 1h: Strategy");
    await ask("ro-pros", "!action add @NL-PROS send the list");
    for (const day of [9, 8, 7, 6, 5]) {
      await ask("ro-pros", `!action add @BE seize register ${day} by ${day} December`);
    }
    const board = await readBoard(harness, "coordination");
    expect(board).toMatch(
      /^Board of NIGHTJAR\n\nNext meeting: M-002 Strategy, Wed 2 December 2026, /,
    );
    expect(board).toMatch(/09:00–10:00 \(Europe\/Amsterdam\); 10:00–11:00 in .*Europe\/Bucharest/);
    expect(board).toContain("and 1 more: !meeting list");
    expect(board).toMatch(
      /Open actions\n\n• A-006 seize register 5 — BE, by Sat 5 December 2026\n/,
    );
    expect(board).toMatch(/• A-002 [^\n]+\n\nand 1 more: !action list$/);
    expect(board).not.toContain("A-001");
  });

  it("shows requests only where all who read it may see them, and in each room what belongs there", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await enterRoom(harness, "nightjar-ro-pros", "leaders", start);
    await ask("ro-pros", "!request new EIO to BE: registers");
    await ask("ro-pros", "!request new FRZ to NL: the account", "leaders");
    await ask("ro-pros", "!action add @NL-PROS prepare the freezing", "leaders");
    const leaders = await readBoard(harness, "leaders");
    expect(leaders).toMatch(
      /Open requests\n\n• EIO-001 from Romania to Belgium: registers — draft\n• FRZ/,
    );
    expect(leaders).toContain("prepare the freezing");
    expect(await readBoard(harness, "coordination")).not.toMatch(/EIO|FRZ|freezing/);
  });

  it("is edited once for each act that it shows, and not for others", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await sendAll(harness);
    const edits = async () => (await boardSteps(harness, "coordination")).slice(2);
    await ask("ro-pros", "!action add @NL-PROS send the list");
    expect(await edits()).toEqual(["edit-board"]);
    await sendAll(harness);
    await ask("ro-pros", "!action list");
    await ask("ro-pros", "!member role @nightjar-be-police leader");
    await ask("ro-pros", "!action add @NL-PROS", "coordination");
    expect(await edits()).toEqual(["edit-board"]);
    await ask("nl-pros", "!action done A-001");
    expect(await edits()).toEqual(["edit-board", "edit-board"]);
    expect(await readBoard(harness, "coordination")).toContain("There is nothing on it yet");
  });

  it("is edited once for all that is done while an edit waits, and again once that has begun", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await ask("ro-pros", "!action add @NL-PROS first");
    // The posting waits still, and will show it.
    expect(await boardSteps(harness, "coordination")).toEqual(["post-board", "pin-board"]);
    await sendAll(harness);
    for (const text of ["second", "third"]) await ask("ro-pros", `!action add @NL-PROS ${text}`);
    expect((await boardSteps(harness, "coordination")).slice(2)).toEqual(["edit-board"]);
    expect(await readBoard(harness, "coordination")).toContain("third");
    await harness.db.updateTable("outbox").set({ attempts: 1 }).execute();
    await ask("ro-pros", "!action add @NL-PROS fourth");
    expect((await boardSteps(harness, "coordination")).slice(2)).toEqual([
      ...["edit-board", "edit-board"],
    ]);
  });

  it("is posted anew for who joins later, and changed there from then on", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await sendAll(harness);
    await enterRoom(harness, "nightjar-be-ij", "coordination", "2026-12-01T09:00:00Z");
    await ask("ro-pros", "!action add @NL-PROS first");
    expect(await boardSteps(harness, "coordination")).toEqual([
      ...["post-board", "pin-board", "post-board", "pin-board"],
    ]);
  });

  it("loses a meeting when it is over, and an action becomes overdue, with nobody doing anything", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await ask("ro-pros", "!meeting schedule tomorrow 10:00 for 1h: Strategy");
    await ask("ro-pros", "!action add @NL-PROS send the list by tomorrow");
    await sendAll(harness);
    expect(await timers()).toEqual(["2026-12-02T09:00:00Z"]);
    await fireTimers(harness, "2026-12-02T08:59:59Z");
    expect(await readBoard(harness, "coordination")).toContain("Strategy");
    await fireTimers(harness, "2026-12-02T09:00:00Z");
    expect(await readBoard(harness, "coordination")).not.toContain("Strategy");
    expect(await timers()).toEqual(["2026-12-02T23:00:00Z"]);
    await sendAll(harness);
    await fireTimers(harness, "2026-12-02T23:00:01Z");
    expect(await readBoard(harness, "coordination")).toContain("Wed 2 December 2026 (overdue)");
    expect(await timers()).toEqual([]);
    expect((await boardSteps(harness, "coordination")).slice(2)).toEqual([
      ...["edit-board", "edit-board"],
    ]);
  });

  it("comes into the rooms of an older case at the next change, where somebody is there", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination");
    await ask("ro-pros", "!action list");
    expect(await boardSteps(harness, "coordination")).toEqual([]);
    await ask("ro-pros", "!action add @NL-PROS first");
    expect(await boardSteps(harness, "coordination")).toEqual(["post-board", "pin-board"]);
    expect(await boardSteps(harness, "leaders")).toEqual([]);
  });

  it("is posted again where its posting was given up", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await harness.db.updateTable("outbox").set({ state: "dead", attempts: 10 }).execute();
    await ask("ro-pros", "!action add @NL-PROS first");
    expect(await boardSteps(harness, "coordination")).toEqual([
      ...["post-board", "pin-board", "post-board", "pin-board"],
    ]);
  });

  it("moves into the room that has replaced its own", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await sendAll(harness);
    const { id } = await roomOf(harness, "coordination");
    const roomId = RoomId.parse("!replacement");
    await harness.db
      .updateTable("case_room")
      .set({ room_id: roomId })
      .where("id", "=", id)
      .execute();
    await enterRoom(harness, "nightjar-ro-pros", "coordination");
    await ask("ro-pros", "!action add @NL-PROS first");
    expect(await boardSteps(harness, "coordination")).toEqual([
      ...["post-board", "pin-board", "post-board", "pin-board"],
    ]);
  });

  it("says the same of the same data, however often it is asked for", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await ask("ro-pros", "!action add @NL-PROS first");
    await sendAll(harness);
    const before = await boardSteps(harness, "coordination");
    const { seal } = await caseOf(harness);
    await harness.db.transaction().execute((transaction) =>
      showBoards(
        {
          ...{ db: transaction, vault: harness.vault, seal, caseId: harness.caseId },
          ...{ now: Temporal.Instant.from(start), actor: { kind: "bot", bot: "registrar" } },
        },
        harnessBots,
      ),
    );
    expect(await boardSteps(harness, "coordination")).toEqual(before);
  });

  it("ends with the case: no timer stays, and nothing is shown any more", async () => {
    await enterRoom(harness, "nightjar-ro-pros", "coordination", start);
    await ask("ro-pros", "!meeting schedule tomorrow 10:00 for 1h: Strategy");
    await harness.db.updateTable("case_file").set({ state: "post-operational" }).execute();
    await sendAll(harness);
    await ask("ro-pros", "!case close", "leaders");
    expect(await timers()).toHaveLength(1);
    await ask("be-ij", "!case confirm 1", "leaders");
    expect(await timers()).toEqual([]);
    expect(await boardSteps(harness, "coordination")).toEqual(["post-board", "pin-board"]);
  });
});
