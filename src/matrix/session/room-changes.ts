import { z } from "zod";
import { guardedTypes, type StateFact } from "../../domain/guard/room-state.ts";
import { type RoomId, UserId } from "../../domain/ids.ts";
import { isVerificationEvent } from "../crypto/verification-events.ts";
import type { JoinedRoom, RoomEvent } from "./sync-response.ts";

/** What one sync response says about a room, in the order in which it happened. */
export interface RoomChanges {
  readonly roomId: RoomId;
  readonly encryption: Record<string, unknown> | undefined;
  readonly historyVisibility: string | undefined;
  /** The last membership of each person that the response mentions. */
  readonly memberships: ReadonlyMap<UserId, string>;
  /** Who brought each of them about. */
  readonly membershipSenders: ReadonlyMap<UserId, UserId>;
  /** People who were seen leaving, being removed or banned: the room's key must be renewed. */
  readonly departed: readonly UserId[];
  /** Encrypted messages of the timeline. */
  readonly messages: readonly RoomEvent[];
  /** Steps of verifications, in clear text. Nothing else in clear text is ever read. */
  readonly verification: readonly RoomEvent[];
  /** Changes of the state that the registrar guards; the last of each type and key. */
  readonly state: readonly StateFact[];
  /** Set when the timeline has a gap: where to page back from. */
  readonly gapBefore: string | undefined;
}

const Membership = z.object({ membership: z.string() });
const Visibility = z.object({ history_visibility: z.string() });

const guarded: ReadonlySet<string> = new Set(guardedTypes);

/** A state event as the guard looks at it. */
export function asFact({ type, state_key, content, sender, event_id }: RoomEvent): StateFact {
  return { type, stateKey: state_key ?? "", content, sender, eventId: event_id };
}

export function readRoomChanges(roomId: RoomId, room: JoinedRoom): RoomChanges {
  const memberships = new Map<UserId, string>();
  const membershipSenders = new Map<UserId, UserId>();
  const departed = new Set<UserId>();
  let encryption: Record<string, unknown> | undefined;
  let historyVisibility: string | undefined;
  const state = new Map<string, StateFact>();

  for (const event of [...room.state.events, ...room.timeline.events]) {
    if (event.state_key === undefined) continue;
    if (guarded.has(event.type)) state.set(`${event.type} ${event.state_key}`, asFact(event));
    switch (event.type) {
      case "m.room.encryption":
        if (event.content.algorithm === "m.megolm.v1.aes-sha2") encryption = event.content;
        break;
      case "m.room.history_visibility":
        historyVisibility =
          Visibility.safeParse(event.content).data?.history_visibility ?? historyVisibility;
        break;
      case "m.room.member": {
        const userId = UserId.safeParse(event.state_key).data;
        const membership = Membership.safeParse(event.content).data?.membership;
        if (userId === undefined || membership === undefined) break;
        memberships.set(userId, membership);
        membershipSenders.set(userId, event.sender);
        if (membership === "leave" || membership === "ban") departed.add(userId);
        break;
      }
    }
  }

  return {
    roomId,
    encryption,
    historyVisibility,
    memberships,
    membershipSenders,
    departed: [...departed],
    state: [...state.values()],
    messages: room.timeline.events.filter(
      (event) => event.type === "m.room.encrypted" && event.state_key === undefined,
    ),
    verification: room.timeline.events.filter(
      (event) => event.state_key === undefined && isVerificationEvent(event),
    ),
    gapBefore: room.timeline.limited ? room.timeline.prev_batch : undefined,
  };
}
