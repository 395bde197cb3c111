import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import type { CaseId, CaseRoomId, EventId, RoomId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";

const Content = z.record(z.string(), z.unknown());

/** The board of a room as it is to be shown. */
export interface Board {
  readonly caseRoomId: CaseRoomId;
  readonly caseId: CaseId;
  /** Who keeps it, and the room into which it was posted. */
  readonly account: UserId;
  readonly roomId: RoomId;
  /** How many edits were asked for. */
  readonly edits: number;
  /** Content of the message, as all that waits in the outbox will show it. */
  readonly shown: Record<string, unknown>;
}

type Reader = Kysely<Database> | Transaction<Database>;

export async function findBoard(
  db: Reader,
  seal: SealBox,
  caseRoomId: CaseRoomId,
): Promise<Board | undefined> {
  const row = await db
    .selectFrom("board")
    .selectAll()
    .where("case_room_id", "=", caseRoomId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    ...{ caseRoomId, caseId: row.case_id, account: row.account, roomId: row.room_id },
    edits: row.edits,
    shown: seal.open(placeOf(caseRoomId), row.shown, Content),
  };
}

export async function saveBoard(
  db: Transaction<Database>,
  seal: SealBox,
  { caseRoomId, caseId, account, roomId, edits, shown }: Board,
): Promise<void> {
  const row = {
    ...{ case_id: caseId, account, room_id: roomId, edits },
    shown: seal.seal(placeOf(caseRoomId), shown),
  };
  await db
    .insertInto("board")
    .values({ case_room_id: caseRoomId, ...row })
    .onConflict((conflict) => conflict.column("case_room_id").doUpdateSet(row))
    .execute();
}

function placeOf(caseRoomId: CaseRoomId) {
  return { table: "board", column: "shown", row: caseRoomId } as const;
}

/** All that is done to the board of a room, one after the other. */
export function laneOfBoard(caseRoomId: CaseRoomId): string {
  return `board:${caseRoomId}`;
}

/** The messages in which an account has posted the board, the oldest first. */
export async function listPosted(
  db: Reader,
  account: UserId,
  caseRoomId: CaseRoomId,
): Promise<readonly EventId[]> {
  const rows = await db
    .selectFrom("outbox")
    .select("event_id")
    .where("account", "=", account)
    .where("lane", "=", laneOfBoard(caseRoomId))
    .where("kind", "=", "post-board")
    .where("state", "=", "done")
    .orderBy("position")
    .execute();
  return rows.flatMap(({ event_id: eventId }) => (eventId === null ? [] : [eventId]));
}

/** Whether the last posting was given up, or there never was one. */
export async function isPostingLost(
  db: Transaction<Database>,
  account: UserId,
  caseRoomId: CaseRoomId,
): Promise<boolean> {
  const row = await db
    .selectFrom("outbox")
    .select("state")
    .where("account", "=", account)
    .where("lane", "=", laneOfBoard(caseRoomId))
    .where("kind", "=", "post-board")
    .orderBy("position", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined || row.state === "dead" || row.state === "dropped";
}

/**
 * Whether a step waits that shows the board as it is when the step is begun. Its beginning is noted
 * first: either that is seen here, or it comes after this transaction.
 */
export async function isShowingAhead(
  db: Transaction<Database>,
  account: UserId,
  caseRoomId: CaseRoomId,
): Promise<boolean> {
  const rows = await db
    .selectFrom("outbox")
    .select("position")
    .where("account", "=", account)
    .where("lane", "=", laneOfBoard(caseRoomId))
    .where("kind", "in", ["post-board", "edit-board"])
    .where("state", "=", "pending")
    .where("attempts", "=", 0)
    .forNoKeyUpdate()
    .execute();
  return rows.length > 0;
}
