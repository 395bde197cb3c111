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
import type { WrappedCaseKey, WrappedLogKey } from "../vault/vault.ts";

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
    /** Who brought it about; null where that was heard before it was kept. */
    sender: UserId | null;
  };
  /** State events that decide who can come into a room and what it shows, as the registrar last heard. */
  room_state: {
    room_id: RoomId;
    type: string;
    state_key: string;
    /** As JSON text; of names and topics only a digest, for people may write into them what they like. */
    content: string;
    sender: string;
    event_id: string;
  };
  /** What is, or was, not as it must be in a room that is guarded. */
  guard_finding: {
    /** Null in the operators' room. */
    case_id: CaseId | null;
    room_id: RoomId;
    /** `join-rule`, `stranger`, ... */
    kind: string;
    /** Whom or what it is about: a Matrix id, a state key; empty where there is one only. */
    subject: string;
    /** The event that shows it; another one is another change. */
    evidence: string;
    since: InstantText;
    ended_at: InstantText | null;
    /** When people were told; null while they need not know. */
    told_at: InstantText | null;
    /** The evidence of the last repair, when that was, and when the one before it was. */
    repaired_evidence: string | null;
    repaired_at: InstantText | null;
    repaired_before: InstantText | null;
  };
  /** A room of a case that was replaced by another one. */
  former_room: {
    room_id: RoomId;
    case_room_id: CaseRoomId;
    case_id: CaseId;
    replaced_at: InstantText;
    /** When everybody was invited to the new room. */
    refilled_at: InstantText | null;
  };
  /** The operators' room: one row, made at the first start with operators. */
  management: {
    id: number;
    plan_key: string;
    room_id: RoomId | null;
    /** Matrix ids for whom invitations were made, as JSON text. */
    operators: string;
    /** Since when the bots run; null after a proper end. */
    running_since: InstantText | null;
  };
  case_file: {
    id: CaseId;
    /** Neutral; also stands in the names of the case's rooms. */
    code: string;
    /** Says which rules hold, also of a case whose key is destroyed. */
    template: string;
    /** Empty once the case is shredded, like `profile`. */
    wrapped_key: WrappedCaseKey;
    profile: Sealed<CaseProfile>;
    created_at: InstantText;
    /** Where it stands in its life, as its template names it; null for the first state. */
    state: string | null;
    /** The row outlives the case, so that its code is never given again. */
    shredded_at: InstantText | null;
  };
  person: {
    id: PersonId;
    case_id: CaseId;
    /** Looked for with every message; the homeserver shows the same people in the case's rooms. */
    user_id: UserId;
    profile: Sealed<PersonProfile>;
    /** Since when the person may do nothing in the case any more; null while on the roster. */
    removed_at: InstantText | null;
    /** The one leader who made the person a leader alone; null where nobody did, or two agreed. */
    made_leader_by: UserId | null;
  };
  case_room: {
    id: CaseRoomId;
    case_id: CaseId;
    /** With the section it makes the neutral name of the room, which the homeserver shows. */
    kind: string;
    section: string | null;
    /** Order in which the rooms of a case are made and shown. */
    position: number;
    /** Random; stands in the room's `creation_content`, so that a resumed plan finds its room. */
    plan_key: string;
    room_id: RoomId | null;
    /** What follows the code in the name of a room that the template does not name: `b-7f3`. */
    label: string | null;
    /** The two States of a bilateral room. */
    pair: Sealed<unknown> | null;
    /** Whether members of the space join by themselves; all others need an invitation. */
    restricted: boolean;
  };
  /** A room of one person and one bot, outside of any case. */
  direct_room: {
    account: UserId;
    room_id: RoomId;
    /** Of which case is spoken, and how far the creation of a new one has come. */
    state: Sealed<unknown>;
  };
  /** A case that was spoken of, or named, in a room of one person and one bot. */
  direct_case: {
    room_id: RoomId;
    case_id: CaseId;
    account: UserId;
    /** False if it was only named, in a list of the person's cases. */
    discussed: boolean;
  };
  /** The message that shows how far the making of a case's rooms has come; it is edited in place. */
  creation_progress: {
    case_id: CaseId;
    account: UserId;
    room_id: RoomId;
    /** Of the message that is edited. */
    first_transaction_id: string;
    edits: number;
    /** Numbers only, as they were last said. */
    shown: string;
    edited_at: InstantText | null;
    finished_at: InstantText | null;
  };
  /** The board of a room: one pinned message that is edited in place. */
  board: {
    case_room_id: CaseRoomId;
    case_id: CaseId;
    /** The account that keeps it, and the room into which it was posted. */
    account: UserId;
    room_id: RoomId;
    /** How many edits were asked for. */
    edits: number;
    /** What it says; what waits in the outbox says it when it is sent. */
    shown: Sealed<Record<string, unknown>>;
  };
  /** Who was in a room, or invited, and must not be any more: nothing is encrypted for them. */
  room_bar: {
    case_room_id: CaseRoomId;
    user_id: UserId;
  };
  /** A change of the roster that waits for a second leader. */
  member_change: ContentRow & { resolved_at: InstantText | null };
  /** A transition that waits for a second leader. */
  case_change: ContentRow & { resolved_at: InstantText | null };
  /** What a former version kept in plain columns of content: empty once the bots have started. */
  unsealed_detail: {
    row_id: string;
    case_id: CaseId;
    table_name: string;
    /** As JSON text. */
    details: string;
  };
  /** Highest number given in a series of a case: `meeting`, `action`, `takeaway`, `request`. */
  counter: {
    case_id: CaseId;
    series: string;
    last: number;
  };
  meeting: ContentRow;
  action_item: ContentRow;
  /** Numbered through the case; instrument, number in the instrument and status are sealed. */
  request: ContentRow;
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
    /** Megolm session and index, as the ciphertext says: anybody may write any there. */
    session_id: string | null;
    message_index: number | null;
    /** It was decrypted with them: the same pair under another event id is a replay. */
    claimed: Generated<boolean>;
    state: InboxState;
    /** When it first could not be decrypted; null if it always could. */
    unreadable_since: InstantText | null;
    /** When an undecryptable or doubtful event is tried again even if no key has arrived. */
    retry_at: InstantText | null;
    /** Since when the homeserver has not said whose device has sent it; null if that was known. */
    doubtful_since: Generated<InstantText | null>;
    /** Code of the failure for which it was parked; never content. */
    failure: Generated<string | null>;
    /** The gap that has to be filled before, while `held`. */
    held_by: Generated<number | null>;
  };
  /** Messages that the homeserver left out of a timeline and that are still to be fetched. */
  timeline_gap: {
    id: Generated<number>;
    account: UserId;
    room_id: RoomId;
    /** Where the next page begins. */
    from_token: string;
    to_token: string;
    opened_at: InstantText;
    /** Since the last success. */
    attempts: Generated<number>;
    retry_at: InstantText | null;
    /** Code of the last failure; never content. */
    failure: string | null;
    /** When it was given up; the row goes once the operators are told. */
    given_up_at: InstantText | null;
  };
  /** Rooms that have changed, of which the crypto has perhaps not been told. */
  untold_room: {
    account: UserId;
    room_id: RoomId;
    /** Whether somebody may have left: the room needs a new key. */
    rotate: boolean;
  };
  /** What has to be said or done on the homeserver, exactly once and in the order of its lane. */
  outbox: {
    position: Generated<number>;
    account: UserId;
    /** Steps of one lane are done one after the other; lanes are independent. */
    lane: string;
    /** A lane that must have nothing left to do before this step. */
    after_lane: string | null;
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
    /** When the message came back with our transaction id; null until then. */
    confirmed_at: InstantText | null;
    /** When the operators were told that it was given up; null until then. */
    told_at: Generated<InstantText | null>;
  };
  /** What happens by itself at a time. */
  timer: {
    id: string;
    case_id: CaseId | null;
    /** As `defineTimer` calls it. */
    kind: string;
    /** What it is about, in words that the server may read: a number, never a name. */
    subject: string;
    due_at: InstantText;
    /** While it lies ahead, another claimer leaves the timer alone. */
    lease_until: InstantText | null;
    lease_owner: string | null;
    attempts: number;
    /** When its handler was committed. */
    sent_at: InstantText | null;
    /** The same cause never makes a second timer. */
    cause: string;
  };
  /** Who was told that a message could not be read: once for each session of a room. */
  unreadable_hint: {
    room_id: RoomId;
    session_id: string;
    sender: UserId;
    hinted_at: InstantText;
  };
  /** Room keys that somebody told us they withhold (`m.room_key.withheld`). */
  withheld_key: {
    account: UserId;
    sender: string;
    /** Empty where the sender names no room or session (`m.no_olm`). */
    room_id: string;
    session_id: string;
    /** `m.unverified`, `m.blacklisted`, ... */
    code: string;
    received_at: InstantText;
  };
  /** The log of acts: a hash chain. */
  journal: {
    sequence: number;
    at: InstantText;
    /** A Matrix id, `operator`, or a bot. */
    actor: string;
    case_id: CaseId | null;
    /** What kind of act; the log is verified, and retention times begin, without the case's key. */
    act: string;
    /** Subject of the act and the justification given. */
    details: Sealed<unknown>;
    previous_hash: string;
    hash: string;
    /** Set when actor and details were erased after their retention time: the hash of what stood there. */
    body_hash: string | null;
  };
  /** Where the log ends: one row, changed with every entry. */
  journal_head: {
    id: number;
    count: number;
    hash: string;
    /** Signature of count and hash with the key that follows from the master key; null until the first entry. */
    public_key: string | null;
    signature: string | null;
    /** Key of entries that no case's key seals. */
    details_key: WrappedLogKey | null;
  };
  /** The shredding of a case: what has to be destroyed, and at last what was. */
  shredding: {
    case_id: CaseId;
    /** Plan and results, sealed with the master key. */
    record: Sealed<unknown>;
    completed_at: InstantText | null;
  };
  /** An account that is to get a new device, or whose former device is still to be deleted. */
  device_renewal: {
    user_id: UserId;
    device_id: DeviceId;
    store_key: Sealed<Uint8Array>;
    /** The recovery key of the new secret storage; null until it is about to be made. */
    recovery_key: Sealed<string> | null;
    /** Set once the account uses the new device: the former one, still known to the homeserver. */
    retired_device_id: DeviceId | null;
  };
}

/**
 * `held`: waits until the gap before it is filled; `doubtful`: waits for the homeserver to say whose
 * device has sent it; `parked`: what handles it has failed because of what it is, and it is set aside;
 * `dropped`: an operator decided that it is never to be handled.
 */
export type InboxState =
  | "pending"
  | "held"
  | "done"
  | "undecryptable"
  | "doubtful"
  | "replayed"
  | "parked"
  | "dropped";
/** `dead`: given up after failures; `dropped`: an operator decided that it is not to be done. */
export type OutboxState = "pending" | "done" | "dead" | "dropped";

/** A row of case content: its number in the case is plain, everything else is sealed. */
export interface ContentRow {
  id: string;
  case_id: CaseId;
  number: number;
  details: Sealed<unknown>;
}
