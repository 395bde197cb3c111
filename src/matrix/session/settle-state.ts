import type { Kysely } from "kysely";
import { listMembers } from "../../db/repositories/rooms.ts";
import type { Database } from "../../db/schema.ts";
import { serverOf, type UserId } from "../../domain/ids.ts";
import { type AccountHttp, HomeserverError } from "../http.ts";
import { readFullState } from "./full-state.ts";
import { type RoomChanges, readRoomChanges } from "./room-changes.ts";

export interface SettleStateOptions {
  readonly db: Kysely<Database>;
  readonly http: AccountHttp;
  readonly userId: UserId;
}

const everybody = ["join", "invite", "knock", "leave", "ban"];

/**
 * What a response says of a room's state is where its last event stands, which need not be where the
 * room does: when two homeservers write side by side, the event of one does not know of the other's,
 * and with it comes back what is over, such as the invitation of somebody who has joined. So where
 * people of several homeservers are, ours is asked how things stand whenever it tells of a change.
 */
export async function settleState(
  { db, http, userId }: SettleStateOptions,
  changes: RoomChanges,
): Promise<RoomChanges> {
  const { roomId, memberships: told } = changes;
  if (!tellsOfState(changes)) return changes;
  const before = new Map(
    (await listMembers(db, roomId, everybody)).map((known) => [known.userId, known.membership]),
  );
  const here = serverOf(userId);
  const isShared = [...before.keys(), ...told.keys()].some((member) => serverOf(member) !== here);
  if (!isShared) return changes;
  const state = await readFullState(http, roomId).catch((error: unknown) => {
    // We are not in it any more, and the next response says so.
    const isAnswer = error instanceof HomeserverError && !error.isPassing;
    if (isAnswer && [403, 404].includes(error.status)) return undefined;
    throw error;
  });
  if (state === undefined) return changes;
  const now = readRoomChanges(roomId, {
    state: { events: [...state] },
    timeline: { events: [], limited: false, prev_batch: undefined },
  });
  const memberships = new Map(
    [...now.memberships].filter(
      ([member, membership]) => told.has(member) || before.get(member) !== membership,
    ),
  );
  const departed = now.departed.filter((member) => memberships.has(member));
  return {
    ...changes,
    memberships,
    membershipSenders: new Map([...changes.membershipSenders, ...now.membershipSenders]),
    encryption: now.encryption ?? changes.encryption,
    historyVisibility: now.historyVisibility ?? changes.historyVisibility,
    // Who was seen leaving may be back already: they left all the same.
    departed: [...new Set([...changes.departed, ...departed])],
    state: now.state,
  };
}

function tellsOfState({ encryption, historyVisibility, memberships, state }: RoomChanges): boolean {
  return (
    encryption !== undefined ||
    historyVisibility !== undefined ||
    memberships.size + state.length > 0
  );
}
