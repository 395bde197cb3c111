import type { Generated } from "kysely";
import type { CaseProfile } from "../domain/case/case.ts";
import type { PersonProfile } from "../domain/case/person.ts";
import type {
  CaseId,
  CaseRoomId,
  DeviceId,
  EventId,
  PersonId,
  RoomId,
  UserId,
} from "../domain/ids.ts";
import type { Sealed } from "../vault/sealed.ts";
import type { WrappedCaseKey } from "../vault/vault.ts";

/** ISO 8601 instant in UTC, as text: compared and sorted as text, the same on PGlite and PostgreSQL. */
export type InstantText = string;

/** Rows of the database. What a case is about stands in `Sealed` columns only. */
export interface Database {
  /** One bot account on the homeserver, with its place in the stream of events. */
  account: {
    user_id: UserId;
    device_id: DeviceId;
    /** `since` of the next /sync; null before the first. */
    sync_token: string | null;
    /** Key of the crypto store, sealed with the master key. */
    store_key: Sealed<Uint8Array>;
    /** Recovery key of secret storage; null until cross-signing is set up. */
    recovery_key: Sealed<string> | null;
    created_at: InstantText;
  };
  /** A room as the homeserver described it to our accounts. */
  room: {
    room_id: RoomId;
    /** Content of `m.room.encryption` as JSON text; null while the room is not encrypted. */
    encryption: string | null;
    history_visibility: string;
  };
  room_member: {
    room_id: RoomId;
    user_id: UserId;
    membership: string;
  };
  case_file: {
    id: CaseId;
    code: string;
    template: string;
    wrapped_key: WrappedCaseKey;
    profile: Sealed<CaseProfile>;
    created_at: InstantText;
  };
  person: {
    id: PersonId;
    case_id: CaseId;
    user_id: UserId;
    profile: Sealed<PersonProfile>;
  };
  case_room: {
    id: CaseRoomId;
    case_id: CaseId;
    kind: string;
    section: string | null;
    /** Order in which the rooms of a case are made and shown. */
    position: number;
    /** Random; stands in the room's `creation_content`, so that a resumed plan finds its room. */
    plan_key: string;
    room_id: RoomId | null;
  };
  /** Highest number given in a series of a case: `meeting`, `action`, `takeaway`, `request:EIO`. */
  counter: {
    case_id: CaseId;
    series: string;
    last: number;
  };
  meeting: ContentRow;
  action_item: ContentRow & { status: string };
  request: ContentRow & { instrument: string; status: string };
  takeaway: ContentRow;
  /** Events that were received and must be handled exactly once, as the server sent them. */
  inbox: {
    account: UserId;
    event_id: EventId;
    position: Generated<number>;
    room_id: RoomId;
    sender: UserId;
    /** Milliseconds since 1970, by the sender's homeserver. */
    origin_server_ts: number;
    /** The event as JSON text: ciphertext, never what was said. */
    event: string;
    /** Megolm session and index: the same pair under another event id is a replay. */
    session_id: string | null;
    message_index: number | null;
    state: InboxState;
  };
  /** What has to be said or done on the homeserver, exactly once and in the order of its lane. */
  outbox: {
    position: Generated<number>;
    account: UserId;
    /** Steps of one lane are done one after the other; lanes are independent. */
    lane: string;
    kind: string;
    case_id: CaseId | null;
    /** What the step needs, sealed with the case's key (or the system key outside any case). */
    payload: Sealed<unknown>;
    /** What an unfinished step has to remember, such as the address of an upload. */
    progress: Sealed<unknown> | null;
    /** Derived from (cause, slot): the same cause never makes a second step. */
    transaction_id: string;
    state: OutboxState;
    attempts: number;
    not_before: InstantText | null;
    /** Code of the last failure; never content. */
    failure: string | null;
    event_id: EventId | null;
    created_at: InstantText;
  };
  /** The log of acts: a hash chain. */
  journal: {
    sequence: number;
    at: InstantText;
    /** A Matrix id, `operator`, or a bot. */
    actor: string;
    case_id: CaseId | null;
    act: string;
    /** Subject of the act and the justification given. */
    details: Sealed<unknown>;
    previous_hash: string;
    hash: string;
  };
}

export type InboxState = "pending" | "done" | "undecryptable" | "replayed";
export type OutboxState = "pending" | "done" | "dead";

/** A row of case content: its number in the case is plain, everything else is sealed. */
export interface ContentRow {
  id: string;
  case_id: CaseId;
  number: number;
  details: Sealed<unknown>;
}
