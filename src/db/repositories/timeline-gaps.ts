import type { Kysely, Transaction } from "kysely";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

/** Messages of a room that the homeserver did not send by itself, from one place to another. */
export interface TimelineGap {
  readonly id: number;
  readonly roomId: RoomId;
  readonly from: string;
  readonly to: string;
  /** Attempts since the last success. */
  readonly attempts: number;
}

/**
 * What comes after a gap waits for it, so that commands are carried out in the order in which they
 * were given; but not for a gap that could not be filled after so many attempts.
 */
const attemptsWorthWaiting = 3;

export async function openGap(
  db: Transaction<Database>,
  gap: {
    readonly account: UserId;
    readonly roomId: RoomId;
    readonly from: string;
    readonly to: string;
    readonly now: Temporal.Instant;
  },
): Promise<void> {
  await db
    .insertInto("timeline_gap")
    .values({
      account: gap.account,
      room_id: gap.roomId,
      from_token: gap.from,
      to_token: gap.to,
      opened_at: instantText(gap.now),
      retry_at: null,
      failure: null,
      given_up_at: null,
    })
    .execute();
}

/** The gap that new messages of a room wait for. */
export async function findGapToWaitFor(
  db: Transaction<Database>,
  account: UserId,
  roomId: RoomId,
): Promise<number | undefined> {
  const row = await db
    .selectFrom("timeline_gap")
    .select("id")
    .where("account", "=", account)
    .where("room_id", "=", roomId)
    .where("given_up_at", "is", null)
    .where("attempts", "<", attemptsWorthWaiting)
    .orderBy("id", "desc")
    .limit(1)
    // Whoever closes the gap at this moment must not miss what waits for it.
    .forShare()
    .executeTakeFirst();
  return row?.id;
}

/** Of each room the oldest open gap, with the time before which it is not to be tried again. */
export async function listOpenGaps(
  db: Reader,
  account: UserId,
): Promise<readonly (TimelineGap & { readonly retryAt: Temporal.Instant | undefined })[]> {
  const rows = await db
    .selectFrom("timeline_gap")
    .selectAll()
    .distinctOn("room_id")
    .where("account", "=", account)
    .where("given_up_at", "is", null)
    .orderBy("room_id")
    .orderBy("id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    roomId: row.room_id,
    from: row.from_token,
    to: row.to_token,
    attempts: row.attempts,
    retryAt: row.retry_at === null ? undefined : Temporal.Instant.from(row.retry_at),
  }));
}

/** A page of the gap is in the inbox. */
export async function moveGap(db: Transaction<Database>, id: number, from: string): Promise<void> {
  await db
    .updateTable("timeline_gap")
    .set({ from_token: from, attempts: 0, retry_at: null, failure: null })
    .where("id", "=", id)
    .execute();
}

export async function closeGap(db: Transaction<Database>, id: number): Promise<void> {
  await db.deleteFrom("timeline_gap").where("id", "=", id).execute();
  await releaseHeld(db, id);
}

/** Forgets what an account has missed in a room that it has left: nobody there waits for an answer. */
export async function forgetGaps(
  db: Transaction<Database>,
  account: UserId,
  roomId: RoomId,
): Promise<void> {
  const rows = await db
    .selectFrom("timeline_gap")
    .select("id")
    .where("account", "=", account)
    .where("room_id", "=", roomId)
    .orderBy("id")
    .execute();
  for (const { id } of rows) await closeGap(db, id);
}

/** @param failed `retryAt` undefined if the gap is given up */
export async function noteGapFailure(
  db: Transaction<Database>,
  id: number,
  failed: {
    readonly attempts: number;
    readonly code: string;
    readonly retryAt: Temporal.Instant | undefined;
    readonly now: Temporal.Instant;
  },
): Promise<void> {
  const { attempts, code, retryAt, now } = failed;
  await db
    .updateTable("timeline_gap")
    .set({
      attempts,
      failure: code,
      retry_at: retryAt === undefined ? null : instantText(retryAt),
      given_up_at: retryAt === undefined ? instantText(now) : null,
    })
    .where("id", "=", id)
    .execute();
  if (retryAt === undefined || attempts >= attemptsWorthWaiting) await releaseHeld(db, id);
}

/** Lets the messages that waited for a gap be handled, after those that are in the inbox now. */
async function releaseHeld(db: Transaction<Database>, id: number): Promise<void> {
  const rows = await db
    .selectFrom("inbox")
    .select(["account", "event_id"])
    .where("held_by", "=", id)
    .where("state", "=", "held")
    .orderBy("position")
    .execute();
  for (const row of rows) {
    await db
      .updateTable("inbox")
      .set(({ fn, val }) => ({
        state: "pending",
        held_by: null,
        position: fn<number>("nextval", [
          fn("pg_get_serial_sequence", [val("inbox"), val("position")]),
        ]),
      }))
      .where("account", "=", row.account)
      .where("event_id", "=", row.event_id)
      .execute();
  }
}

/** A gap that will not be filled, as operators are told. */
export interface LostGap {
  readonly id: number;
  readonly account: UserId;
  readonly roomId: RoomId;
  readonly openedAt: Temporal.Instant;
  readonly failure: string;
}

/** Takes those that were given up: each is told once. */
export async function takeLostGaps(db: Transaction<Database>): Promise<readonly LostGap[]> {
  const rows = await db
    .deleteFrom("timeline_gap")
    .where("given_up_at", "is not", null)
    .returningAll()
    .execute();
  return rows
    .toSorted((a, b) => a.id - b.id)
    .map((row) => ({
      id: row.id,
      account: row.account,
      roomId: row.room_id,
      openedAt: Temporal.Instant.from(row.opened_at),
      failure: row.failure ?? "",
    }));
}
