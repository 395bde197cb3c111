import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { saveSyncToken } from "../../db/repositories/accounts.ts";
import { dropRedacted, receiveEvent, retryUndecryptable } from "../../db/repositories/inbox.ts";
import { confirmStep } from "../../db/repositories/outbox.ts";
import { saveRoomState } from "../../db/repositories/room-state.ts";
import {
  findRoom,
  lockRoomChanges,
  readMemberships,
  saveMembership,
  saveRoom,
} from "../../db/repositories/rooms.ts";
import {
  closeGap,
  findGapToWaitFor,
  forgetGaps,
  moveGap,
  openGap,
  type TimelineGap,
} from "../../db/repositories/timeline-gaps.ts";
import { noteTold, noteUntold } from "../../db/repositories/untold-rooms.ts";
import { saveWithheldKey, type WithheldKey } from "../../db/repositories/withheld-keys.ts";
import type { Database } from "../../db/schema.ts";
import { transact } from "../../db/transact.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { readMegolmMessage } from "../crypto/ciphertext.ts";
import { concernsCrypto, isMessage, type RoomChanges } from "./room-changes.ts";
import type { RoomEvent } from "./sync-response.ts";

export interface SyncBatch {
  readonly account: UserId;
  /** Where the response before this one ended; undefined for the first of the account. */
  readonly since: string | undefined;
  readonly nextBatch: string;
  readonly rooms: readonly RoomChanges[];
  /** All that could not be decrypted is tried again: keys may have come just before the process ended. */
  readonly retryAll: boolean;
  /** Own bots: what they say is never a command. */
  readonly ownAccounts: ReadonlySet<UserId>;
  /** Invitations to accept, by room. */
  readonly invitations: readonly RoomId[];
  readonly now: Temporal.Instant;
  /** Whether this account's word on the state of rooms counts: of several, one would be behind another. */
  readonly guards?: boolean;
  /** Room keys that others say they do not give us. */
  readonly withheld: readonly WithheldKey[];
  /** Rooms of earlier responses, of which the crypto knows by now. */
  readonly told: readonly RoomId[];
}

/** Only the device that sent an event is given its transaction id ("Transaction identifiers"). */
const Echo = z.object({ unsigned: z.object({ transaction_id: z.string() }) });

/** What `unsigned` tells of an event, as far as it is kept: whether the account was in the room then. */
const Unsigned = z.object({
  membership: z.string().max(255).optional(),
  "io.element.msc4115.membership": z.string().max(255).optional(),
});
const Redacted = z.object({ unsigned: z.object({ redacted_because: z.unknown() }) });
const Ciphertext = z.object({ ciphertext: z.string().min(1) });

/** Somebody who has come into a room, or was invited to it. */
export interface Arrival {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: string;
  /** Who brought it about. */
  readonly by: UserId | undefined;
}

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
 */
export async function saveSyncBatch(
  db: Kysely<Database>,
  batch: SyncBatch,
  acceptInvitation: (db: Transaction<Database>, roomId: RoomId) => Promise<void>,
  onArrivals: ArrivalListener = async () => {},
): Promise<void> {
  await transact(db, async (transaction) => {
    const arrivals: Arrival[] = [];
    const guarded = batch.guards === true && batch.rooms.some(({ state }) => state.length > 0);
    if (guarded || batch.rooms.some(changesRoom)) await lockRoomChanges(transaction);
    if (batch.retryAll) await retryUndecryptable(transaction, batch.account);
    await noteTold(transaction, batch.account, batch.told);
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
      if (concernsCrypto(room)) {
        await noteUntold(transaction, batch.account, room.roomId, room.departed.length > 0);
      }
      await noteGap(transaction, batch, room);
      await receiveMessages(transaction, batch, room.roomId, room.messages);
      if (gone.has(room.memberships.get(batch.account) ?? "")) {
        await forgetGaps(transaction, batch.account, room.roomId);
      }
      for (const eventId of room.redacted) {
        await dropRedacted(transaction, batch.account, room.roomId, eventId);
      }
    }
    if (arrivals.length > 0) await onArrivals(transaction, arrivals);
    for (const key of batch.withheld) {
      await saveWithheldKey(transaction, batch.account, key, batch.now);
    }
    for (const roomId of batch.invitations) await acceptInvitation(transaction, roomId);
    await saveSyncToken(transaction, batch.account, batch.nextBatch);
  });
}

/** Something that was left out of an encrypted room's timeline has to be fetched. */
async function noteGap(
  db: Transaction<Database>,
  { account, since, now }: SyncBatch,
  { roomId, gapBefore: to }: RoomChanges,
): Promise<void> {
  if (to === undefined || since === undefined) return;
  if ((await findRoom(db, roomId))?.encryption === undefined) return;
  await openGap(db, { account, roomId, from: since, to, now });
}

type Receiver = Pick<SyncBatch, "account" | "ownAccounts" | "now">;

/** @param filling whether this is what a gap has left out, for which others may be waiting */
async function receiveMessages(
  db: Transaction<Database>,
  receiver: Receiver,
  roomId: RoomId,
  messages: readonly RoomEvent[],
  filling = false,
): Promise<void> {
  const { account, ownAccounts } = receiver;
  const others = messages.filter(({ sender }) => !ownAccounts.has(sender));
  for (const message of messages) {
    if (ownAccounts.has(message.sender)) await confirmEcho(db, receiver, message);
  }
  if (others.length === 0) return;
  const heldBy = filling ? undefined : await findGapToWaitFor(db, account, roomId);
  for (const message of others) {
    if (!isReadable(message)) continue;
    await receiveEvent(db, { ...asReceived(account, roomId, message), heldBy });
  }
}

/** What was taken back has no ciphertext any more. */
function isReadable(message: RoomEvent): boolean {
  return !Redacted.safeParse(message).success && Ciphertext.safeParse(message.content).success;
}

/**
 * Writes a page of what a gap has left out and the place after it in one transaction.
 *
 * @param next where the next page begins; undefined if the gap is filled
 */
export async function saveGapPage(
  db: Kysely<Database>,
  receiver: Receiver,
  gap: TimelineGap,
  page: { readonly events: readonly RoomEvent[]; readonly next: string | undefined },
): Promise<void> {
  await transact(db, async (transaction) => {
    const known = await findRoom(transaction, gap.roomId);
    // The rooms of a shredded case are forgotten, and so is what was said in them.
    const messages = known === undefined ? [] : page.events.filter(isMessage);
    await receiveMessages(transaction, receiver, gap.roomId, messages, true);
    if (page.next === undefined || known === undefined) await closeGap(transaction, gap.id);
    else await moveGap(transaction, gap.id, page.next);
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
const gone: ReadonlySet<string> = new Set(["leave", "ban"]);

/** Marks the step as sent whose message this is, if it is one that the asking device has sent. */
export async function confirmEcho(
  db: Transaction<Database>,
  { account, now }: Pick<SyncBatch, "account" | "now">,
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
    json: JSON.stringify({
      ...event,
      room_id: roomId,
      unsigned: Unsigned.safeParse(event.unsigned).data,
    }),
    megolm: readMegolmMessage(event.content),
  };
}
