import { roomTemplate } from "../../config/room-template.ts";
import {
  type Board,
  findBoard,
  isPostingLost,
  isShowingAhead,
  laneOfBoard,
  saveBoard,
} from "../../db/repositories/boards.ts";
import { findCase } from "../../db/repositories/cases.ts";
import { lockJournal } from "../../db/repositories/journal.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import { listMembers } from "../../db/repositories/rooms.ts";
import { moveTimer } from "../../db/repositories/timers.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import { type BoardContent, botOfBoard } from "../../domain/board/content.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { sayToNewcomers } from "../case/welcome-newcomers.ts";
import { type CaseSeats, seatsOfCase } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { type ComposedBoard, composeBoard } from "./compose-board.ts";

/** The kind and the subject of the timer at which boards change by themselves. */
export const BOARD_TIMER = "board.show";
const SUBJECT = "boards";

/** An edit is a message too: what is done within moments is shown by one. */
const PAUSE_SECONDS = 3;

/** A room with a board, made on the homeserver. */
interface BoardSeat extends CaseSeats {
  readonly roomId: RoomId;
  readonly contents: readonly BoardContent[];
  readonly account: UserId;
}

/**
 * Brings the boards of a case's rooms up to date, in the transaction of what has changed: an edit for
 * each board that would say something else, unless a step waits that has not begun and will say it.
 * Whoever does this holds the lock of the log, so that the last of two acts shows both.
 */
export async function showBoards(work: CaseWork, bots: BotAccounts): Promise<void> {
  // A command may have changed the case itself.
  const of = (await findCase(work.db, work.vault, work.caseId))?.case;
  if (of === undefined || isOver(of)) return;
  const seats = await boardSeats(work, of, bots);
  if (seats.length === 0) return;
  await lockJournal(work.db);
  const times: (Temporal.Instant | undefined)[] = [];
  for (const seat of seats) {
    const known = await findBoard(work.db, work.seal, seat.room.id);
    const board = known !== undefined && (await isInPlace(work, seat, known)) ? known : undefined;
    if (board === undefined && !(await hasReaders(work, seat, bots))) continue;
    const composed = await composeBoard(work, of, seat, seat.contents);
    times.push(composed.changesAt);
    if (board === undefined) await post(work, seat, known, composed, PAUSE_SECONDS);
    else await edit(work, seat, board, composed);
  }
  await setBoardTimer(work, times);
}

/**
 * Posts the board of a room anew for people who have just joined it, when they are welcomed: they read
 * nothing that was said before. In a room without a board nothing happens.
 */
export async function showBoardToNewcomers(
  work: CaseWork,
  of: Case,
  bots: BotAccounts,
  room: CaseRoom,
): Promise<void> {
  if (isOver(of)) return;
  const seats = await boardSeats(work, of, bots);
  const seat = seats.find((known) => known.room.id === room.id);
  if (seat === undefined) return;
  await lockJournal(work.db);
  const known = await findBoard(work.db, work.seal, room.id);
  const composed = await composeBoard(work, of, seat, seat.contents);
  await post(work, seat, known, composed, undefined);
  await showBoards(work, bots);
}

/** Nothing changes by itself any more: the case is over, or its rooms are gone. */
export async function endBoards({ db, caseId }: Pick<CaseWork, "db" | "caseId">): Promise<void> {
  const timer = { caseId, kind: BOARD_TIMER, subject: SUBJECT, cause: "" };
  await moveTimer(db, { ...timer, dueAt: undefined });
}

async function setBoardTimer(
  { db, caseId }: CaseWork,
  times: readonly (Temporal.Instant | undefined)[],
): Promise<void> {
  const [dueAt] = times.filter((time) => time !== undefined).sort(Temporal.Instant.compare);
  const cause = `${BOARD_TIMER} ${caseId} ${dueAt ?? ""}`;
  await moveTimer(db, { caseId, kind: BOARD_TIMER, subject: SUBJECT, dueAt, cause });
}

/** Nobody is left in the rooms of a case that is over. */
function isOver({ template, state }: Case): boolean {
  const { life } = roomTemplate(template);
  return stateOf(life, stateNameOf(life, state)).final;
}

async function boardSeats(
  work: CaseWork,
  of: Case,
  bots: BotAccounts,
): Promise<readonly BoardSeat[]> {
  return (await seatsOfCase(work, of)).flatMap((seat) => {
    const { roomId } = seat.room;
    const { board: contents } = seat.entry;
    if (contents === undefined || roomId === undefined) return [];
    return [{ ...seat, roomId, contents, account: bots[botOfBoard(contents)] }];
  });
}

/** Whether the board stands in this room, by this account, or will. */
async function isInPlace(
  { db }: CaseWork,
  { room, roomId, account }: BoardSeat,
  board: Board,
): Promise<boolean> {
  if (board.roomId !== roomId || board.account !== account) return false;
  return !(await isPostingLost(db, account, room.id));
}

async function hasReaders(
  { db }: CaseWork,
  { roomId }: BoardSeat,
  bots: BotAccounts,
): Promise<boolean> {
  const ours = new Set<UserId>(Object.values(bots));
  return (await listMembers(db, roomId, ["join"])).some(({ userId }) => !ours.has(userId));
}

/** @param seconds when; undefined to wait for further newcomers, as the welcome does */
async function post(
  work: CaseWork,
  { room, roomId, account }: BoardSeat,
  known: Board | undefined,
  { outcome }: ComposedBoard,
  seconds: number | undefined,
): Promise<void> {
  const { db, seal, now, caseId } = work;
  await saveBoard(db, seal, {
    ...{ caseRoomId: room.id, caseId, account, roomId, edits: known?.edits ?? 0 },
    shown: noticeContent(outcome),
  });
  const lane = laneOfBoard(room.id);
  const said = await sayToNewcomers(work, {
    ...{ account, lane, room, wait: seconds },
    step: { kind: "post-board", caseRoomId: room.id },
  });
  if (said === undefined) return;
  await enqueueStep(db, seal, now, {
    ...{ account, lane, caseId, cause: lane, slot: `pin-${said.slot}` },
    step: { kind: "pin-board", caseRoomId: room.id },
    // It stands behind the posting, and is put off with it.
    notBefore: said.due,
  });
}

async function edit(
  { db, seal, now, caseId }: CaseWork,
  { room, account }: BoardSeat,
  board: Board,
  { outcome }: ComposedBoard,
): Promise<void> {
  const shown = noticeContent(outcome);
  if (JSON.stringify(shown) === JSON.stringify(board.shown)) return;
  const waits = await isShowingAhead(db, account, room.id);
  const edits = waits ? board.edits : board.edits + 1;
  await saveBoard(db, seal, { ...board, edits, shown });
  if (waits) return;
  const lane = laneOfBoard(room.id);
  await enqueueStep(db, seal, now, {
    ...{ account, lane, caseId, cause: lane, slot: `edit-${edits}` },
    step: { kind: "edit-board", caseRoomId: room.id },
    notBefore: now.add({ seconds: PAUSE_SECONDS }),
  });
}
