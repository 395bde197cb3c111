import type { Transaction } from "kysely";
import { z } from "zod";
import { type CaseId, CaseRoomId, EventId, RoomId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

/** A room is named by its Matrix id, or by our own id while it may not exist yet. */
export const RoomReference = z.union([
  z.strictObject({ roomId: RoomId }),
  z.strictObject({ caseRoomId: CaseRoomId }),
  /** The operators' room. */
  z.strictObject({ management: z.literal(true) }),
]);
export type RoomReference = z.infer<typeof RoomReference>;

const JsonObject = z.record(z.string(), z.unknown());

/** What can be done on the homeserver. Everything that Rogatory says or changes there is one of these. */
export const Step = z.discriminatedUnion("kind", [
  /** Creates the room of a case; `content` is the body of createRoom without the plan key. */
  z.strictObject({
    kind: z.literal("create-room"),
    caseRoomId: CaseRoomId,
    content: JsonObject,
    /** The space whose members may join by themselves (join rule `restricted`). */
    openTo: CaseRoomId.optional(),
  }),
  /** Creates the operators' room. */
  z.strictObject({ kind: z.literal("create-management"), content: JsonObject }),
  z.strictObject({ kind: z.literal("invite"), room: RoomReference, userId: UserId }),
  /** Joins a person of the own homeserver, or invites them where the registrar may not do that. */
  z.strictObject({ kind: z.literal("bring-in"), room: RoomReference, userId: UserId }),
  /** Takes a person out of a room, or an invitation back; nothing is done unless they are barred from it. */
  z.strictObject({ kind: z.literal("kick"), room: RoomReference, userId: UserId }),
  /** Changes one person's power, and nothing else of the room's power levels. */
  z.strictObject({
    kind: z.literal("set-power"),
    room: RoomReference,
    userId: UserId,
    power: z.number().int().min(0).max(99),
  }),
  /** Accepts an invitation. */
  z.strictObject({ kind: z.literal("join"), room: RoomReference }),
  /** Leaves a room, or refuses an invitation. */
  z.strictObject({ kind: z.literal("leave"), room: RoomReference }),
  z.strictObject({
    kind: z.literal("set-state"),
    room: RoomReference,
    type: z.string(),
    /** A plain key, or a room of the case (for `m.space.child`). */
    stateKey: z.union([z.string(), z.strictObject({ caseRoomId: CaseRoomId })]),
    content: JsonObject,
  }),
  /** Makes a state event what it must be, if it is still the one that was found. */
  z.strictObject({
    kind: z.literal("repair-state"),
    /** The id of that event; empty where there was none. */
    evidence: z.string(),
    room: RoomReference,
    type: z.string(),
    stateKey: z.string(),
    content: JsonObject,
  }),
  /** Takes the room that has replaced another one for the case's, if it is really ours. */
  z.strictObject({
    kind: z.literal("follow-room"),
    caseRoomId: CaseRoomId,
    from: RoomId,
    to: RoomId,
  }),
  /** Takes the room that has replaced the operators' for theirs, if it is really ours. */
  z.strictObject({ kind: z.literal("follow-management"), from: RoomId, to: RoomId }),
  /** Sends an event; in an encrypted room it is always encrypted. */
  z.strictObject({
    kind: z.literal("send"),
    room: RoomReference,
    type: z.string(),
    content: JsonObject,
  }),
  /** Posts the board of a room as it is then. */
  z.strictObject({ kind: z.literal("post-board"), caseRoomId: CaseRoomId }),
  /** Brings the board that was posted last up to date, in its place. */
  z.strictObject({ kind: z.literal("edit-board"), caseRoomId: CaseRoomId }),
  /** Pins the board that was posted last, instead of those before it. */
  z.strictObject({ kind: z.literal("pin-board"), caseRoomId: CaseRoomId }),
  /** Encrypts and uploads a file, then sends it as `m.file`. */
  z.strictObject({
    kind: z.literal("send-file"),
    room: RoomReference,
    fileName: z.string(),
    mimeType: z.string(),
    bytesBase64: z.base64(),
    inReplyTo: EventId.optional(),
  }),
]);
export type Step = z.infer<typeof Step>;

export interface OutboxEntry {
  readonly account: UserId;
  /** Steps of one lane are done in order: by convention a room, or `case:ID` while rooms are made. */
  readonly lane: string;
  readonly caseId: CaseId | undefined;
  readonly step: Step;
  /** What caused the step: an event id, a timer, a command-line call. */
  readonly cause: string;
  /** Distinguishes the steps of one cause. */
  readonly slot: string;
  /** Not to be done earlier; at once if left out. */
  readonly notBefore?: Temporal.Instant;
  /** A lane of the same account that must have nothing left to do first. */
  readonly afterLane?: string;
}

/**
 * Adds a step to the outbox in the transaction of its cause. The same (account, cause, slot) again
 * changes nothing, so that a handler that runs twice is heard once.
 */
export async function enqueueStep(
  db: Transaction<Database>,
  box: SealBox,
  now: Temporal.Instant,
  entry: OutboxEntry,
): Promise<void> {
  const transactionId = transactionIdOf(entry.cause, entry.slot);
  await db
    .insertInto("outbox")
    .values({
      account: entry.account,
      lane: entry.lane,
      after_lane: entry.afterLane ?? null,
      kind: entry.step.kind,
      case_id: entry.caseId ?? null,
      payload: box.seal<unknown>(placeOfPayload(entry.account, transactionId), entry.step),
      progress: null,
      transaction_id: transactionId,
      state: "pending",
      attempts: 0,
      not_before: entry.notBefore?.toString() ?? null,
      failure: null,
      event_id: null,
      created_at: now.toString(),
      confirmed_at: null,
    })
    .onConflict((conflict) => conflict.columns(["account", "transaction_id"]).doNothing())
    .execute();
}

/**
 * Marks a message as sent because it came back with our transaction id: whatever the sender knows of
 * it, it has arrived. In the transaction that keeps the sync response.
 */
export async function confirmStep(
  db: Transaction<Database>,
  account: UserId,
  transactionId: string,
  eventId: EventId,
  now: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable("outbox")
    .set({ state: "done", event_id: eventId, failure: null, confirmed_at: now.toString() })
    .where("account", "=", account)
    .where("transaction_id", "=", transactionId)
    .where("confirmed_at", "is", null)
    .execute();
}

/** What was sent in a lane outside of any case, once nothing of it is under way any more. */
function sentOutside(db: Transaction<Database>, { account, lane }: Lane) {
  return db
    .selectFrom("outbox")
    .select(["transaction_id", "payload", "progress"])
    .where("account", "=", account)
    .where("lane", "=", lane)
    .where("case_id", "is", null)
    .where("kind", "in", ["send", "send-file"])
    .where("state", "<>", "pending")
    .execute();
}

interface Lane {
  readonly account: UserId;
  readonly lane: string;
}

/** Seals with a case's key what was sent in a lane outside of any case, so that it ends with the case. */
export async function giveToCase(
  db: Transaction<Database>,
  lane: Lane,
  caseId: CaseId,
  from: SealBox,
  to: SealBox,
): Promise<void> {
  for (const { transaction_id: id, payload, progress } of await sentOutside(db, lane)) {
    const place = placeOfPayload(lane.account, id);
    const again = (column: "payload" | "progress", sealed: typeof payload) => {
      const there = { ...place, column };
      return to.seal<unknown>(there, from.open<unknown>(there, sealed, z.unknown()));
    };
    await db
      .updateTable("outbox")
      .set({
        case_id: caseId,
        payload: again("payload", payload),
        progress: progress === null ? null : again("progress", progress),
      })
      .where("account", "=", lane.account)
      .where("transaction_id", "=", id)
      .execute();
  }
}

/** Deletes what was sent in a lane outside of any case. */
export async function forgetSent(db: Transaction<Database>, lane: Lane): Promise<void> {
  const ids = (await sentOutside(db, lane)).map((row) => row.transaction_id);
  if (ids.length === 0) return;
  await db
    .deleteFrom("outbox")
    .where("account", "=", lane.account)
    .where("transaction_id", "in", ids)
    .execute();
}

/** Whether files of a case, given since an instant, have not been sent yet. */
export async function hasWaitingFiles(
  db: Transaction<Database>,
  account: UserId,
  caseId: CaseId,
  since: Temporal.Instant,
): Promise<boolean> {
  const row = await db
    .selectFrom("outbox")
    .select("position")
    .where("account", "=", account)
    .where("case_id", "=", caseId)
    .where("kind", "=", "send-file")
    .where("state", "=", "pending")
    .where("created_at", ">=", instantText(since))
    .executeTakeFirst();
  return row !== undefined;
}

export function placeOfPayload(account: UserId, transactionId: string) {
  return { table: "outbox", column: "payload", row: `${account} ${transactionId}` } as const;
}

/** Event ids begin with a character that needs no escaping in JSON; the pair stays readable in logs. */
export function transactionIdOf(cause: string, slot: string): string {
  return `${cause}.${slot}`;
}
