import { type Kysely, sql, type Transaction } from "kysely";
import type { EventId, RoomId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database, InboxState } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

export interface ReceivedEvent {
  readonly account: UserId;
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly sender: UserId;
  readonly originServerTs: number;
  /** The event as it came: ciphertext. */
  readonly json: string;
  readonly megolm: { readonly sessionId: string; readonly index: number } | undefined;
  /** The gap that has to be filled before the event is handled. */
  readonly heldBy?: number | undefined;
}

/** Keeps a received event for handling. An event id that is known already changes nothing. */
export async function receiveEvent(db: Transaction<Database>, event: ReceivedEvent): Promise<void> {
  await db
    .insertInto("inbox")
    .values({
      account: event.account,
      event_id: event.eventId,
      room_id: event.roomId,
      sender: event.sender,
      origin_server_ts: event.originServerTs,
      event: event.json,
      session_id: event.megolm?.sessionId ?? null,
      message_index: event.megolm?.index ?? null,
      state: event.heldBy === undefined ? "pending" : "held",
      held_by: event.heldBy ?? null,
      unreadable_since: null,
      retry_at: null,
    })
    .onConflict((conflict) => conflict.columns(["account", "event_id"]).doNothing())
    .execute();
}

/**
 * Finds out whether a decrypted event is the first with its ciphertext, and marks any other as a
 * replay, which is never handled. What a ciphertext says of its session and index is known to be true
 * only once it was decrypted: of anything else it may say so to keep the true one from being heard.
 *
 * @param claims whether it comes from whom it says; otherwise the true one may still come
 * @returns false for a replay
 */
export async function claimMessage(
  db: Transaction<Database>,
  account: UserId,
  eventId: EventId,
  claims: boolean,
): Promise<boolean> {
  const row = await db
    .selectFrom("inbox")
    .select(["room_id", "session_id", "message_index", "claimed"])
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .executeTakeFirstOrThrow();
  if (row.session_id === null || row.message_index === null || row.claimed) return true;
  const earlier = await db
    .selectFrom("inbox")
    .select("event_id")
    .where("account", "=", account)
    .where("room_id", "=", row.room_id)
    .where("session_id", "=", row.session_id)
    .where("message_index", "=", row.message_index)
    .where("claimed", "=", true)
    .executeTakeFirst();
  if (earlier === undefined && !claims) return true;
  await db
    .updateTable("inbox")
    .set(earlier === undefined ? { claimed: true } : { state: "replayed" })
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .execute();
  return earlier === undefined;
}

/** The oldest events in a state, in the order in which they came. */
export async function listReceived(
  db: Reader,
  account: UserId,
  state: InboxState,
  limit: number,
): Promise<
  readonly { readonly eventId: EventId; readonly roomId: RoomId; readonly json: string }[]
> {
  const rows = await db
    .selectFrom("inbox")
    .select(["event_id", "room_id", "event"])
    .where("account", "=", account)
    .where("state", "=", state)
    .orderBy("position")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ eventId: row.event_id, roomId: row.room_id, json: row.event }));
}

export async function markReceived(
  db: Reader,
  account: UserId,
  eventId: EventId,
  state: InboxState,
): Promise<void> {
  await db
    .updateTable("inbox")
    .set({ state })
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .execute();
}

/** Sets an event aside that cannot be handled: it is neither tried again nor forgotten. */
export async function parkReceived(
  db: Reader,
  account: UserId,
  eventId: EventId,
  failure: string,
): Promise<void> {
  await db
    .updateTable("inbox")
    .set({ state: "parked", failure })
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .execute();
}

/** So long is waited to hear whose device has sent a message, before it is judged without. */
const doubtSeconds = 60;
const doubtRetrySeconds = 10;

/**
 * Puts off an event of whose sender's devices the homeserver has said nothing yet.
 *
 * @returns false if that has been waited for long enough
 */
export async function markDoubtful(
  db: Transaction<Database>,
  account: UserId,
  eventId: EventId,
  now: Temporal.Instant,
): Promise<boolean> {
  const row = await db
    .selectFrom("inbox")
    .select("doubtful_since")
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .executeTakeFirstOrThrow();
  const since = row.doubtful_since === null ? now : Temporal.Instant.from(row.doubtful_since);
  if (since.until(now).total("seconds") >= doubtSeconds) return false;
  await db
    .updateTable("inbox")
    .set({
      state: "doubtful",
      doubtful_since: instantText(since),
      retry_at: instantText(now.add({ seconds: doubtRetrySeconds })),
    })
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .execute();
  return true;
}

/** An event that cannot be decrypted yet, and since when. */
export interface UnreadableEvent {
  readonly since: Temporal.Instant;
  readonly sender: UserId;
  readonly sessionId: string | undefined;
}

const shortestRetrySeconds = 10;
const longestRetrySeconds = 6 * 3600;

/**
 * Notes that an event could not be decrypted, and when to try again: soon at first, then after as
 * long a time again as it has waited already. It is never given up.
 *
 * @param soonestAfterSeconds age of the failure at which it is tried in any case
 */
export async function markUndecryptable(
  db: Reader,
  account: UserId,
  eventId: EventId,
  now: Temporal.Instant,
  soonestAfterSeconds: number,
): Promise<UnreadableEvent> {
  const row = await db
    .selectFrom("inbox")
    .select(["unreadable_since", "sender", "session_id"])
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .executeTakeFirstOrThrow();
  const since = row.unreadable_since === null ? now : Temporal.Instant.from(row.unreadable_since);
  const waited = since.until(now).total("seconds");
  const wait = Math.min(longestRetrySeconds, Math.max(shortestRetrySeconds, waited));
  const untilSoonest = soonestAfterSeconds - waited;
  const seconds = untilSoonest > 0 ? Math.min(wait, untilSoonest) : wait;
  await db
    .updateTable("inbox")
    .set({
      state: "undecryptable",
      unreadable_since: instantText(since),
      retry_at: instantText(now.add({ milliseconds: Math.ceil(seconds * 1000) })),
    })
    .where("account", "=", account)
    .where("event_id", "=", eventId)
    .execute();
  return { since, sender: row.sender, sessionId: row.session_id ?? undefined };
}

/** Gives the undecryptable and doubtful events whose time has come another chance. */
export async function retryDue(db: Reader, account: UserId, now: Temporal.Instant): Promise<void> {
  await db
    .updateTable("inbox")
    .set({ state: "pending" })
    .where("account", "=", account)
    .where("state", "in", ["undecryptable", "doubtful"])
    // Rows of an earlier version have no time.
    .where((row) => row.or([row("retry_at", "is", null), row("retry_at", "<=", instantText(now))]))
    .execute();
}

/** Gives all undecryptable events another chance. */
export async function retryUndecryptable(
  db: Transaction<Database>,
  account: UserId,
): Promise<void> {
  await db
    .updateTable("inbox")
    .set({ state: "pending" })
    .where("account", "=", account)
    .where("state", "=", "undecryptable")
    .execute();
}

/** Gives undecryptable events of a session another chance, because its key has arrived. */
export async function retrySession(
  db: Reader,
  account: UserId,
  { roomId, sessionId }: { readonly roomId: RoomId; readonly sessionId: string },
): Promise<void> {
  await db
    .updateTable("inbox")
    .set({ state: "pending" })
    .where("account", "=", account)
    .where("room_id", "=", roomId)
    .where("session_id", "=", sessionId)
    .where("state", "=", "undecryptable")
    .execute();
}

/** An event that was taken back while it waited is not waited for any more. */
export async function dropRedacted(
  db: Transaction<Database>,
  account: UserId,
  roomId: RoomId,
  eventId: EventId,
): Promise<void> {
  await db
    .updateTable("inbox")
    .set({ state: "done", held_by: null })
    .where("account", "=", account)
    .where("room_id", "=", roomId)
    .where("event_id", "=", eventId)
    .where("state", "in", ["undecryptable", "held"])
    .execute();
}

/** Events that wait for their keys, by room. */
export async function countUndecryptable(
  db: Reader,
  account: UserId,
): Promise<readonly { readonly roomId: RoomId; readonly count: number }[]> {
  const rows = await db
    .selectFrom("inbox")
    .select(["room_id as roomId", sql<number>`count(*)::integer`.as("count")])
    .where("account", "=", account)
    .where("state", "=", "undecryptable")
    .groupBy("room_id")
    .orderBy("room_id")
    .execute();
  return rows;
}

/** Events that could not be handled and were set aside, by account. */
export async function countParked(db: Reader): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("inbox")
    .select(["account", sql<number>`count(*)::integer`.as("count")])
    .where("state", "=", "parked")
    .groupBy("account")
    .execute();
  return new Map(rows.map(({ account, count }) => [account, count]));
}
