import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { saveSyncToken } from "../../db/repositories/accounts.ts";
import { receiveEvent, retryUndecryptable } from "../../db/repositories/inbox.ts";
import { confirmStep } from "../../db/repositories/outbox.ts";
import { saveRoomState } from "../../db/repositories/room-state.ts";
import {
  lockRoomChanges,
  readMemberships,
  saveMembership,
  saveRoom,
} from "../../db/repositories/rooms.ts";
import { saveWithheldKey, type WithheldKey } from "../../db/repositories/withheld-keys.ts";
import type { Database } from "../../db/schema.ts";
import type { EventId, RoomId, UserId } from "../../domain/ids.ts";
import { readMegolmMessage } from "../crypto/ciphertext.ts";
import type { RoomChanges } from "./room-changes.ts";
import type { RoomEvent } from "./sync-response.ts";

export interface SyncBatch {
  readonly account: UserId;
  readonly nextBatch: string;
  readonly rooms: readonly RoomChanges[];
  /** Keys may have arrived: what could not be decrypted is tried again. */
  readonly keysArrived: boolean;
  /** Own bots: what they say is never a command. */
  readonly ownAccounts: ReadonlySet<UserId>;
  /** Invitations to accept, by room. */
  readonly invitations: readonly RoomId[];
  readonly now: Temporal.Instant;
  /** Whether this account's word on the state of rooms counts: of several, one would be behind another. */
  readonly guards?: boolean;
  /** Room keys that others say they do not give us. */
  readonly withheld: readonly WithheldKey[];
}

/** Only the device that sent an event is given its transaction id ("Transaction identifiers"). */
const Echo = z.object({ unsigned: z.object({ transaction_id: z.string() }) });

export interface Replay {
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

/** Somebody who has come into a room, or was invited to it. */
export interface Arrival {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: string;
  /** Who brought it about. */
  readonly by: UserId | undefined;
}

export type ReplayListener = (
  db: Transaction<Database>,
  replays: readonly Replay[],
) => Promise<void>;

export type ArrivalListener = (
  db: Transaction<Database>,
  arrivals: readonly Arrival[],
) => Promise<void>;

/**
 * Writes everything of one sync response and the position after it in one transaction: a crash
 * before it brings the same response again, a crash after it finds everything in the inbox.
 *
 * @param acceptInvitation adds the step that joins a room, in the same transaction
 * @param onArrivals told of people who are newly in a room, in the same transaction
 * @param onReplays told of ciphertexts that were served again, in the same transaction
 * @returns ciphertexts that the homeserver served again under another event id
 */
export async function saveSyncBatch(
  db: Kysely<Database>,
  batch: SyncBatch,
  acceptInvitation: (db: Transaction<Database>, roomId: RoomId) => Promise<void>,
  onArrivals: ArrivalListener = async () => {},
  onReplays: ReplayListener = async () => {},
): Promise<readonly Replay[]> {
  return db.transaction().execute(async (transaction) => {
    const replays: Replay[] = [];
    const arrivals: Arrival[] = [];
    const guarded = batch.guards === true && batch.rooms.some(({ state }) => state.length > 0);
    if (guarded || batch.rooms.some(changesRoom)) await lockRoomChanges(transaction);
    if (batch.keysArrived) await retryUndecryptable(transaction, batch.account);
    for (const room of batch.rooms) {
      if (changesRoom(room)) {
        await saveRoom(transaction, room.roomId, {
          ...(room.encryption === undefined ? {} : { encryption: room.encryption }),
          ...(room.historyVisibility === undefined
            ? {}
            : { historyVisibility: room.historyVisibility }),
        });
      }
      if (batch.guards === true) await saveRoomState(transaction, room.roomId, room.state);
      arrivals.push(...(await saveMemberships(transaction, room)));
      for (const message of room.messages) {
        if (batch.ownAccounts.has(message.sender)) {
          await confirmEcho(transaction, batch, message);
          continue;
        }
        const became = await receiveEvent(
          transaction,
          asReceived(batch.account, room.roomId, message),
        );
        if (became === "replayed") replays.push({ roomId: room.roomId, eventId: message.event_id });
      }
    }
    if (arrivals.length > 0) await onArrivals(transaction, arrivals);
    if (replays.length > 0) await onReplays(transaction, replays);
    for (const key of batch.withheld) {
      await saveWithheldKey(transaction, batch.account, key, batch.now);
    }
    for (const roomId of batch.invitations) await acceptInvitation(transaction, roomId);
    await saveSyncToken(transaction, batch.account, batch.nextBatch);
    return replays;
  });
}

function changesRoom({ encryption, historyVisibility, memberships }: RoomChanges): boolean {
  return encryption !== undefined || historyVisibility !== undefined || memberships.size > 0;
}

/** Keeps the members of a room, and finds those who were not in it as far as any of our accounts knew. */
async function saveMemberships(
  db: Transaction<Database>,
  { roomId, memberships, membershipSenders }: RoomChanges,
): Promise<readonly Arrival[]> {
  if (memberships.size === 0) return [];
  const before = await readMemberships(db, roomId, [...memberships.keys()]);
  for (const [userId, membership] of memberships) {
    await saveMembership(db, roomId, userId, membership, membershipSenders.get(userId));
  }
  return [...memberships]
    .filter(([userId, now]) => present.has(now) && before.get(userId) !== now)
    .map(([userId, membership]) => ({
      ...{ roomId, userId, membership },
      by: membershipSenders.get(userId),
    }));
}

const present: ReadonlySet<string> = new Set(["join", "invite", "knock"]);

async function confirmEcho(
  db: Transaction<Database>,
  { account, now }: SyncBatch,
  message: RoomEvent,
): Promise<void> {
  const transactionId = Echo.safeParse(message).data?.unsigned.transaction_id;
  if (message.sender !== account || transactionId === undefined) return;
  await confirmStep(db, account, transactionId, message.event_id, now);
}

function asReceived(account: UserId, roomId: RoomId, event: RoomEvent) {
  return {
    account,
    eventId: event.event_id,
    roomId,
    sender: event.sender,
    originServerTs: event.origin_server_ts,
    json: JSON.stringify({ ...event, room_id: roomId, unsigned: undefined }),
    megolm: readMegolmMessage(event.content),
  };
}
