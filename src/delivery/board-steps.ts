import { z } from "zod";
import { type Board, findBoard, listPosted } from "../db/repositories/boards.ts";
import type { Step } from "../db/repositories/outbox.ts";
import { EventId } from "../domain/ids.ts";
import { path } from "../matrix/http.ts";
import { sendEncrypted } from "./send-steps.ts";
import { readState, roomIdOf, Sent, type StepRun } from "./step-run.ts";

type BoardStep<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** The board, unless its room has been replaced since: the new room has one of its own. */
async function boardOf(
  { caseRoomId }: BoardStep<"post-board" | "edit-board" | "pin-board">,
  { db, box, session }: StepRun,
): Promise<Board | undefined> {
  const roomId = await roomIdOf(db, { caseRoomId });
  const board = await findBoard(db, box, caseRoomId);
  return board?.roomId === roomId && board.account === session.userId ? board : undefined;
}

export async function postBoard(
  step: BoardStep<"post-board">,
  run: StepRun,
): Promise<EventId | undefined> {
  const board = await boardOf(step, run);
  if (board === undefined) return undefined;
  return sendEncrypted(board.roomId, "m.room.message", board.shown, run);
}

export async function editBoard(
  step: BoardStep<"edit-board">,
  run: StepRun,
): Promise<EventId | undefined> {
  const board = await boardOf(step, run);
  if (board === undefined) return undefined;
  const posted = (await listPosted(run.db, board.account, board.caseRoomId)).at(-1);
  if (posted === undefined) return undefined;
  const { body } = board.shown;
  const content = {
    ...board.shown,
    // What clients show that know no edits ("Event replacements").
    body: `* ${typeof body === "string" ? body : ""}`,
    "m.new_content": board.shown,
    "m.relates_to": { rel_type: "m.replace", event_id: posted },
  };
  return sendEncrypted(board.roomId, "m.room.message", content, run);
}

const Pinned = z.object({ pinned: z.array(EventId).default([]) });

/** What people have pinned stays, in its order. A board that they have unpinned is let be until the next. */
export async function pinBoard(
  step: BoardStep<"pin-board">,
  run: StepRun,
): Promise<EventId | undefined> {
  const board = await boardOf(step, run);
  if (board === undefined) return undefined;
  const posted = await listPosted(run.db, board.account, board.caseRoomId);
  const newest = posted.at(-1);
  if (newest === undefined) return undefined;
  const state = await readState(run, board.roomId, "m.room.pinned_events", "", Pinned);
  const before = state?.pinned ?? [];
  if (before.includes(newest)) return undefined;
  const former = new Set(posted);
  const pinned = [...before.filter((eventId) => !former.has(eventId)), newest];
  const { event_id: eventId } = await run.session.http.json(
    "PUT",
    path`/_matrix/client/v3/rooms/${board.roomId}/state/m.room.pinned_events/`,
    Sent,
    { body: { pinned } },
  );
  return eventId;
}
