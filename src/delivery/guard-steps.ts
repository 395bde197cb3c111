import type { Transaction } from "kysely";
import { z } from "zod";
import { findManagement, saveManagementRoom } from "../db/repositories/management.ts";
import { enqueueStep, type Step } from "../db/repositories/outbox.ts";
import { replaceRoomState } from "../db/repositories/room-state.ts";
import { lockRoomChanges, saveMembership, saveRoom } from "../db/repositories/rooms.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import { type EventId, type RoomId, UserId } from "../domain/ids.ts";
import { HomeserverError, path } from "../matrix/http.ts";
import { guardedFacts, readFullState } from "../matrix/session/full-state.ts";
import type { RoomEvent } from "../matrix/session/sync-response.ts";
import { MANAGEMENT_LANE } from "../services/management/report.ts";
import { roomIdOf, Sent, type StepRun } from "./step-run.ts";

/**
 * One repair for one change: what somebody has written since is judged anew, and counted, even if an
 * earlier attempt of this step has had its effect without our knowing.
 */
export async function repairState(
  { room, type, stateKey, content, evidence }: Extract<Step, { kind: "repair-state" }>,
  run: StepRun,
): Promise<EventId | undefined> {
  const roomId = await roomIdOf(run.db, room);
  const state = await readFullState(run.session.http, roomId);
  const found = state.find((event) => event.type === type && event.state_key === stateKey);
  if ((found?.event_id ?? "") !== evidence) return undefined;
  // What homeservers add to powers by themselves stays.
  const body = type === "m.room.power_levels" ? { ...found?.content, ...content } : content;
  const { event_id: eventId } = await run.session.http.json(
    "PUT",
    path`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`,
    Sent,
    { body },
  );
  return eventId;
}

const Predecessor = z.object({ predecessor: z.object({ room_id: z.string() }) });
const Membership = z.object({ membership: z.string() });
const Visibility = z.object({ history_visibility: z.string() });

/**
 * The state of a room that is said to replace another one.
 *
 * Whoever may change a room can point at any other one. It is ours if one of our accounts has made it
 * and it names the former room: the id of a room is the hash of its first event since room version 12,
 * so that neither can be forged.
 */
async function readReplacement(
  { from, to }: { readonly from: RoomId; readonly to: RoomId },
  run: StepRun,
): Promise<readonly RoomEvent[]> {
  const state = await readFullState(run.session.http, to).catch((error: unknown) => {
    if (!(error instanceof HomeserverError) || error.isPassing) throw error;
    throw notOurs(error);
  });
  const create = state.find(({ type }) => type === "m.room.create");
  const named = Predecessor.safeParse(create?.content).data?.predecessor.room_id;
  if (create?.sender !== run.session.userId || named !== from) throw notOurs();
  return state;
}

/** Notes what such a room is like; the lock on changes of rooms must be held. */
async function saveReplacement(
  transaction: Transaction<Database>,
  to: RoomId,
  state: readonly RoomEvent[],
): Promise<void> {
  const contentOf = (wanted: string) => state.find(({ type }) => type === wanted)?.content;
  const encryption = contentOf("m.room.encryption");
  const visibility = Visibility.safeParse(contentOf("m.room.history_visibility")).data;
  await saveRoom(transaction, to, {
    historyVisibility: visibility?.history_visibility ?? "shared",
    ...(encryption === undefined ? {} : { encryption }),
  });
  for (const { type, state_key: key, content, sender } of state) {
    const userId = type === "m.room.member" ? UserId.safeParse(key).data : undefined;
    const member = Membership.safeParse(content).data;
    if (userId === undefined || member === undefined) continue;
    await saveMembership(transaction, to, userId, member.membership, sender);
  }
  await replaceRoomState(transaction, to, guardedFacts(state));
}

export async function followRoom(
  { caseRoomId, from, to }: Extract<Step, { kind: "follow-room" }>,
  run: StepRun,
): Promise<void> {
  const state = await readReplacement({ from, to }, run);
  await run.db.transaction().execute(async (transaction) => {
    // First, as the sync does, which may be about to greet people in the room.
    await lockRoomChanges(transaction);
    const { numUpdatedRows } = await transaction
      .updateTable("case_room")
      .set({ room_id: to })
      .where("id", "=", caseRoomId)
      .where("room_id", "=", from)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    await transaction
      .insertInto("former_room")
      .columns(["room_id", "case_room_id", "case_id", "replaced_at"])
      .expression((expression) =>
        expression
          .selectFrom("case_room")
          .select((select) => [
            select.val(from).as("room_id"),
            "id",
            "case_id",
            select.val(run.now().toString()).as("replaced_at"),
          ])
          .where("id", "=", caseRoomId),
      )
      .execute();
    await saveReplacement(transaction, to, state);
  });
}

/** From then on reports go to the new room, into which the operators are invited. */
export async function followManagement(
  { from, to }: Extract<Step, { kind: "follow-management" }>,
  run: StepRun,
): Promise<void> {
  const state = await readReplacement({ from, to }, run);
  await run.db.transaction().execute(async (transaction) => {
    await lockRoomChanges(transaction);
    const management = await findManagement(transaction);
    if (management?.roomId !== from) return;
    await saveManagementRoom(transaction, to);
    await saveReplacement(transaction, to, state);
    const account = run.session.userId;
    for (const userId of management.operators) {
      await enqueueStep(transaction, run.box, run.now(), {
        ...{ account, lane: `${MANAGEMENT_LANE}:${userId}`, caseId: undefined },
        step: { kind: "invite", room: { management: true }, userId },
        ...{ cause: `follow.${from}`, slot: `invite-${userId}` },
      });
    }
  });
}

function notOurs(cause?: unknown): RogatoryError {
  return new RogatoryError(
    "guard.foreign-room",
    "The room that is said to replace this one was not made by us: it is not followed.",
    { cause },
  );
}
