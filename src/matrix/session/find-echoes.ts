import type { Kysely } from "kysely";
import { z } from "zod";
import { readSyncToken } from "../../db/repositories/accounts.ts";
import { findRoom } from "../../db/repositories/rooms.ts";
import type { Database } from "../../db/schema.ts";
import type { UserId } from "../../domain/ids.ts";
import { type AccountHttp, UnreachableError } from "../http.ts";
import { fetchMissed } from "./missed-messages.ts";
import { type RoomEvent, readSyncResponse } from "./sync-response.ts";
import { confirmEcho } from "./sync-store.ts";

/**
 * Marks as sent what the account's device has sent without our knowing, because the process ended
 * before it saw the echo. The homeserver shows a transaction id to the device that sent it and to no
 * other, and knows a repetition from the same device only (Synapse from any device of the application
 * service, for an hour at most and until it is started again): an account that is about to become
 * another device has to look first, with the former one, or says everything of this kind twice.
 *
 * Nothing but the echoes is taken from the answer. The account's place in the stream stays, and
 * messages to the device stay on the homeserver.
 *
 * @param http speaks as the former device, which must exist on the homeserver; its keys are not needed
 */
export async function findEchoes(options: {
  readonly db: Kysely<Database>;
  readonly http: AccountHttp;
  readonly userId: UserId;
  now(): Temporal.Instant;
}): Promise<void> {
  const { db, http, userId } = options;
  const since = await readSyncToken(db, userId);
  // An account syncs before it sends.
  if (since === undefined) return;
  const json = await http.json("GET", "/_matrix/client/v3/sync", z.unknown(), {
    query: { filter: ownMessagesOf(userId), timeout: "0", since },
  });
  const response = readSyncResponse(json);
  if (response === undefined) throw new UnreachableError("the answer is no response to a sync");
  const own: RoomEvent[] = [];
  for (const [roomId, { timeline }] of [...response.rooms.join, ...response.rooms.leave]) {
    // Nothing is sent to a room that the database does not know; it may have been purged meanwhile.
    if ((await findRoom(db, roomId)) === undefined) continue;
    own.push(...timeline.events);
    if (timeline.limited && timeline.prev_batch !== undefined) {
      own.push(...(await fetchMissed(http, roomId, { from: timeline.prev_batch, to: since })));
    }
  }
  await db.transaction().execute(async (transaction) => {
    for (const event of own) {
      await confirmEcho(transaction, { account: userId, now: options.now() }, event);
    }
  });
}

function ownMessagesOf(userId: UserId): string {
  return JSON.stringify({
    presence: { types: [] },
    account_data: { types: [] },
    room: {
      account_data: { types: [] },
      ephemeral: { types: [] },
      state: { types: [] },
      timeline: { limit: 50, types: ["m.room.encrypted"], senders: [userId] },
    },
  });
}
