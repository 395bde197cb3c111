import { z } from "zod";
import { guardedTypes } from "../../domain/guard/room-state.ts";
import { EventId, RoomId, UserId } from "../../domain/ids.ts";
import { verificationEventTypes } from "../crypto/verification-events.ts";

const Content = z.record(z.string(), z.unknown());

/** A timeline or state event, as far as it is used. Unknown fields are kept for the inbox. */
export const RoomEvent = z.looseObject({
  event_id: EventId,
  sender: UserId,
  type: z.string(),
  state_key: z.string().optional(),
  content: Content,
  origin_server_ts: z.number(),
});
export type RoomEvent = z.infer<typeof RoomEvent>;

const StrippedEvent = z.looseObject({
  sender: UserId,
  type: z.string(),
  state_key: z.string(),
  content: Content,
});

const JoinedRoom = z.object({
  state: z.object({ events: z.array(RoomEvent).default([]) }).default({ events: [] }),
  timeline: z
    .object({
      events: z.array(RoomEvent).default([]),
      limited: z.boolean().default(false),
      prev_batch: z.string().optional(),
    })
    .default({ events: [], limited: false }),
});
export type JoinedRoom = z.infer<typeof JoinedRoom>;

/** Response of `GET /sync` (client-server API, "Syncing"), as far as it is used. */
export const SyncResponse = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: z.record(RoomId, JoinedRoom).default({}),
      invite: z
        .record(
          RoomId,
          z.object({ invite_state: z.object({ events: z.array(StrippedEvent).default([]) }) }),
        )
        .default({}),
      leave: z.record(RoomId, JoinedRoom).default({}),
    })
    .default({ join: {}, invite: {}, leave: {} }),
  to_device: z.object({ events: z.array(Content).default([]) }).default({ events: [] }),
  device_lists: z
    .object({ changed: z.array(z.string()).default([]), left: z.array(z.string()).default([]) })
    .optional(),
  device_one_time_keys_count: z.record(z.string(), z.number()).optional(),
  device_unused_fallback_key_types: z.array(z.string()).optional(),
});
export type SyncResponse = z.infer<typeof SyncResponse>;

/** Response of `GET /rooms/{roomId}/messages`. */
export const MessagesResponse = z.object({
  chunk: z.array(RoomEvent),
  end: z.string().optional(),
});

const roomTypes = ["m.room.member", "m.room.encryption", "m.room.history_visibility"];

/**
 * Asks only for what is used: no presence, typing, receipts or account data.
 *
 * @param guards whether the account watches what its rooms are like
 */
export function syncFilter(guards: boolean): string {
  const types = guards ? [...new Set([...roomTypes, ...guardedTypes])] : roomTypes;
  return JSON.stringify({
    presence: { types: [] },
    account_data: { types: [] },
    room: {
      account_data: { types: [] },
      ephemeral: { types: [] },
      state: { types },
      timeline: { limit: 50, types: ["m.room.encrypted", ...verificationEventTypes, ...types] },
    },
  });
}
