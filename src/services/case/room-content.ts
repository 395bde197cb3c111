import { z } from "zod";
import { LETTING_IN_POWER } from "../../domain/case/power.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";

export interface RoomWish {
  /** The homeserver can read it: neutral. */
  readonly name: string;
  readonly isSpace: boolean;
  /** Whether people of other homeservers can ever join. */
  readonly federate: boolean;
  /** Power that it takes to say something; none if left out. */
  readonly speak?: number;
  /** Power of everybody in the room who has any, without the account that makes the room. */
  readonly powers: ReadonlyMap<UserId, number>;
}

/**
 * More than any role or bot can have, so that only the room's creator, whose power has no limit
 * since room version 12, changes what keeps a room closed, encrypted and neutrally named.
 */
const creatorOnly = 100;

/** Default of room version 12 for replacing a room by another. */
const replaceRoom = 150;

/** The body of createRoom, complete: nothing is left to the defaults of a homeserver. */
export function roomContent(wish: RoomWish): Record<string, unknown> {
  const { name, isSpace, federate, speak = 0, powers } = wish;
  return {
    name,
    visibility: "private",
    preset: "private_chat",
    room_version: "12",
    // No additional_creators: see docs/adr/room-creators.md.
    creation_content: { "m.federate": federate, ...(isSpace ? { type: "m.space" } : {}) },
    initial_state: [
      ...(isSpace ? [] : [state("m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" })]),
      // A newcomer reads nothing older, and clients share no older keys with an invited person.
      state("m.room.history_visibility", { history_visibility: "joined" }),
      state("m.room.guest_access", { guest_access: "forbidden" }),
      state("m.room.join_rules", { join_rule: "invite" }),
    ],
    power_level_content_override: {
      ban: LETTING_IN_POWER,
      invite: LETTING_IN_POWER,
      kick: LETTING_IN_POWER,
      redact: 50,
      // In an encrypted room all that is said is one type of event, `m.room.encrypted`.
      events_default: isSpace ? creatorOnly : speak,
      state_default: creatorOnly,
      users_default: 0,
      notifications: { room: 50 },
      events: {
        "m.reaction": 0,
        "m.room.redaction": 0,
        // The board message is pinned by whichever bot looks after the room.
        "m.room.pinned_events": 50,
        "m.room.avatar": creatorOnly,
        "m.room.canonical_alias": creatorOnly,
        "m.room.encryption": creatorOnly,
        "m.room.guest_access": creatorOnly,
        "m.room.history_visibility": creatorOnly,
        "m.room.join_rules": creatorOnly,
        "m.room.name": creatorOnly,
        "m.room.power_levels": creatorOnly,
        "m.room.server_acl": creatorOnly,
        "m.room.third_party_invite": creatorOnly,
        "m.room.tombstone": replaceRoom,
        "m.room.topic": creatorOnly,
        "m.space.child": creatorOnly,
        "m.space.parent": creatorOnly,
      },
      users: Object.fromEntries([...powers].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function state(type: string, content: Readonly<Record<string, unknown>>) {
  return { type, state_key: "", content };
}

const InitialState = z
  .array(z.looseObject({ type: z.string(), content: z.record(z.string(), z.unknown()) }))
  .default([]);

/**
 * A room's content with the join rule `restricted` for the members of a space, whose id is known only
 * when it has been made (client-server API, "Restricted rooms").
 */
export function openToSpace(
  content: Record<string, unknown>,
  space: RoomId,
): Record<string, unknown> {
  const others = InitialState.parse(content.initial_state).filter(
    ({ type }) => type !== "m.room.join_rules",
  );
  const allow = [{ type: "m.room_membership", room_id: space }];
  const rule = {
    type: "m.room.join_rules",
    state_key: "",
    content: { join_rule: "restricted", allow },
  };
  return { ...content, initial_state: [...others, rule] };
}
