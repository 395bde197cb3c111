import { findBoard } from "../../src/db/repositories/boards.ts";
import { listCaseRooms } from "../../src/db/repositories/cases.ts";
import { saveMembership } from "../../src/db/repositories/rooms.ts";
import type { CaseRoom } from "../../src/domain/case/case.ts";
import { UserId } from "../../src/domain/ids.ts";
import { membersArrived } from "../../src/signals/member/joined.ts";
import { type CaseHarness, caseOf, harnessBots } from "./case-harness.ts";
import { openedSteps } from "./outbox.ts";

export async function roomOf(harness: CaseHarness, kind: string): Promise<CaseRoom> {
  const room = (await listCaseRooms(harness.db, harness.caseId)).find((one) => one.kind === kind);
  if (room === undefined) throw new Error(`there is no room ${kind}`);
  return room;
}

/** Lets a person be in a room; the bots hear of it unless it was long ago. */
export async function enterRoom(
  harness: CaseHarness,
  localpart: string,
  kind: string,
  at?: string,
): Promise<void> {
  const { roomId } = await roomOf(harness, kind);
  if (roomId === undefined) throw new Error("the room is not made");
  const userId = UserId.parse(`@${localpart}:rogatory.localhost`);
  await harness.db.transaction().execute(async (transaction) => {
    await saveMembership(transaction, roomId, userId, "join");
    if (at === undefined) return;
    const now = Temporal.Instant.from(at);
    const options = { vault: harness.vault, bots: harnessBots, now };
    await membersArrived(transaction, options, [{ roomId, userId, membership: "join" }]);
  });
}

/** What a room's board says now; undefined if it has none. */
export async function readBoard(harness: CaseHarness, kind: string): Promise<string | undefined> {
  const { seal } = await caseOf(harness);
  const board = await findBoard(harness.db, seal, (await roomOf(harness, kind)).id);
  return typeof board?.shown.body === "string" ? board.shown.body : undefined;
}

/** What is, or was, to be done to a room's board. */
export async function boardSteps(harness: CaseHarness, kind: string): Promise<readonly string[]> {
  const { id } = await roomOf(harness, kind);
  const steps = await openedSteps(harness.db, harness.vault, harness.caseId);
  return steps.filter(({ lane }) => lane === `board:${id}`).map(({ step }) => step.kind);
}

/** The homeserver has taken everything that waits. */
export async function sendAll({ db }: CaseHarness): Promise<void> {
  await db
    .updateTable("outbox")
    .set({ state: "done", attempts: 1 })
    .where("state", "=", "pending")
    .execute();
}
