import type { Kysely, Transaction } from "kysely";
import type { EventId, RoomId, UserId } from "../../domain/ids.ts";
import type { Database, InboxState } from "../schema.ts";

/** A received event as operators see it: neither who has sent it nor what it says. */
export interface InboxSummary {
  /** Its place in the order of the events; never given twice. */
  readonly id: number;
  readonly account: UserId;
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly state: InboxState;
  /** Code of the failure for which it was set aside. */
  readonly failure: string | undefined;
  /** By its sender's homeserver. */
  readonly sentAt: Temporal.Instant;
}

type Reader = Kysely<Database> | Transaction<Database>;

/** The events in some states, in the order in which they came. */
export async function listInbox(
  db: Reader,
  states: readonly InboxState[],
): Promise<readonly InboxSummary[]> {
  const rows = await select(db).where("state", "in", states).orderBy("position").execute();
  return rows.map(summarise);
}

/** One event; nobody else changes it before the transaction ends. */
export async function lockInboxEvent(
  db: Transaction<Database>,
  id: number,
): Promise<InboxSummary | undefined> {
  const row = await select(db).where("position", "=", id).forUpdate().executeTakeFirst();
  return row === undefined ? undefined : summarise(row);
}

/** Lets an event be handled, as if it had just come, or never. */
export async function settleEvent(
  db: Transaction<Database>,
  id: number,
  state: "pending" | "dropped",
): Promise<void> {
  await db
    .updateTable("inbox")
    .set({
      state,
      held_by: null,
      retry_at: null,
      ...(state === "pending" ? { failure: null } : {}),
    })
    .where("position", "=", id)
    .execute();
}

function select(db: Reader) {
  return db
    .selectFrom("inbox")
    .select(["position", "account", "event_id", "room_id", "state", "failure", "origin_server_ts"]);
}

function summarise(row: {
  readonly position: number;
  readonly account: UserId;
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly state: InboxState;
  readonly failure: string | null;
  readonly origin_server_ts: number;
}): InboxSummary {
  return {
    id: row.position,
    account: row.account,
    eventId: row.event_id,
    roomId: row.room_id,
    state: row.state,
    failure: row.failure ?? undefined,
    sentAt: Temporal.Instant.fromEpochMilliseconds(row.origin_server_ts),
  };
}
