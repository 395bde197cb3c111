import { z } from "zod";
import { guardedTypes, type StateFact } from "../../domain/guard/room-state.ts";
import { EventId, type RoomId, UserId } from "../../domain/ids.ts";
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
  /**
   * People who were seen leaving, being removed or banned, or who may have been: of whoever left and
   * came back within a gap only the coming is seen. The room's key must be renewed.
   */
  readonly departed: readonly UserId[];
  /** Encrypted messages of the timeline. */
  readonly messages: readonly RoomEvent[];
  /** Messages that were taken back. */
  readonly redacted: readonly EventId[];
  /** Steps of verifications, in clear text. Nothing else in clear text is ever read. */
  readonly verification: readonly RoomEvent[];
  /** Changes of the state that the registrar guards; the last of each type and key. */
  readonly state: readonly StateFact[];
  /** Whether the timeline has a gap before its first event. */
  readonly limited: boolean;
  /** Where the gap ends, if the homeserver says so. */
  readonly gapBefore: string | undefined;
}

const Membership = z.object({ membership: z.enum(["join", "invite", "knock", "leave", "ban"]) });
const Visibility = z.object({
  history_visibility: z.enum(["invited", "joined", "shared", "world_readable"]),
});
/** Periods of which the crypto can make nothing are as if they were not there. */
const Period = z.int().positive().optional().catch(undefined);
const Encryption = z.object({
  algorithm: z.literal("m.megolm.v1.aes-sha2"),
  rotation_period_ms: Period,
  rotation_period_msgs: Period,
});
/** Inside the content since room version 11. */
const Redaction = z.object({ redacts: EventId });

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
  const beforeGap: ReadonlySet<RoomEvent> = new Set(
    room.timeline.limited ? room.state.events : undefined,
  );

  for (const event of [...room.state.events, ...room.timeline.events]) {
    if (event.state_key === undefined) continue;
    if (guarded.has(event.type)) state.set(`${event.type} ${event.state_key}`, asFact(event));
    switch (event.type) {
      case "m.room.encryption":
        encryption = Encryption.safeParse(event.content).data ?? encryption;
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
        if (membership === "join" && beforeGap.has(event)) departed.add(userId);
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
    messages: room.timeline.events.filter(isMessage),
    verification: room.timeline.events.filter(
      (event) => event.state_key === undefined && isVerificationEvent(event),
    ),
    redacted: room.timeline.events.flatMap((event) =>
      event.type === "m.room.redaction" ? redactedBy(event) : [],
    ),
    limited: room.timeline.limited,
    gapBefore: room.timeline.limited ? room.timeline.prev_batch : undefined,
  };
}

function redactedBy(event: RoomEvent): readonly EventId[] {
  const { data } = Redaction.safeParse(event.redacts === undefined ? event.content : event);
  return data === undefined ? [] : [data.redacts];
}

export function isMessage(event: RoomEvent): boolean {
  return event.type === "m.room.encrypted" && event.state_key === undefined;
}

/** A room in which people only talk needs no telling. */
export function concernsCrypto(room: RoomChanges): boolean {
  return (
    room.encryption !== undefined ||
    room.historyVisibility !== undefined ||
    room.memberships.size > 0 ||
    room.verification.length > 0
  );
}
