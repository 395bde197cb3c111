import type { Transaction } from "kysely";
import { z } from "zod";
import { findManagement, saveManagementRoom } from "../db/repositories/management.ts";
import { isBarred } from "../db/repositories/members.ts";
import type { Step } from "../db/repositories/outbox.ts";
import { lockRoomChanges, saveMembership, saveRoom } from "../db/repositories/rooms.ts";
import type { Database } from "../db/schema.ts";
import { type EventId, RoomId } from "../domain/ids.ts";
import { HomeserverError, path } from "../matrix/http.ts";
import { openToSpace } from "../services/case/room-content.ts";
import { editBoard, pinBoard, postBoard } from "./board-steps.ts";
import { joinPerson } from "./entering-steps.ts";
import { followManagement, followRoom, repairState } from "./guard-steps.ts";
import { sendEncrypted, sendFile } from "./send-steps.ts";
import {
  JsonObject,
  RoomNotReadyError,
  readState,
  requireAudience,
  roomIdOf,
  Sent,
  type StepRun,
} from "./step-run.ts";

const Created = z.object({ room_id: RoomId });
const Nothing = z.object({});
const planKeyField = "eu.rogatory.plan_key";

/** Carries out a step; the second time is harmless. Returns the event id, where there is one. */
export async function carryOut(step: Step, run: StepRun): Promise<EventId | undefined> {
  switch (step.kind) {
    case "create-room":
      await createRoom(step, run);
      return undefined;
    case "create-management":
      await createManagement(step.content, run);
      return undefined;
    case "repair-state":
      return repairState(step, run);
    case "follow-room":
      await followRoom(step, run);
      return undefined;
    case "follow-management":
      await followManagement(step, run);
      return undefined;
    case "invite":
      // Removed since: the invitation was decided before that.
      if (await isBarred(run.db, step.room, step.userId)) return undefined;
      await invite(await roomIdOf(run.db, step.room), step.userId, run);
      return undefined;
    case "bring-in":
      if (await isBarred(run.db, step.room, step.userId)) return undefined;
      await bringIn(await roomIdOf(run.db, step.room), step.userId, run);
      return undefined;
    case "kick":
      await kick(step, run);
      return undefined;
    case "set-power":
      return setPower(step, run);
    case "join":
      await run.session.http.json(
        "POST",
        path`/_matrix/client/v3/join/${await roomIdOf(run.db, step.room)}`,
        Nothing,
        {
          body: {},
        },
      );
      return undefined;
    case "leave":
      await leave(await roomIdOf(run.db, step.room), run);
      return undefined;
    case "set-state": {
      const stateKey =
        typeof step.stateKey === "string" ? step.stateKey : await roomIdOf(run.db, step.stateKey);
      const roomId = await roomIdOf(run.db, step.room);
      const { event_id: eventId } = await run.session.http.json(
        "PUT",
        path`/_matrix/client/v3/rooms/${roomId}/state/${step.type}/${stateKey}`,
        Sent,
        { body: step.content },
      );
      return eventId;
    }
    case "send":
      await requireAudience(run, step.room);
      return sendEncrypted(await roomIdOf(run.db, step.room), step.type, step.content, run);
    case "post-board":
      return postBoard(step, run);
    case "edit-board":
      return editBoard(step, run);
    case "pin-board":
      return pinBoard(step, run);
    case "send-file":
      return sendFile(await roomIdOf(run.db, step.room), step, run);
  }
}

async function createRoom(
  { caseRoomId, content: planned, openTo }: Extract<Step, { kind: "create-room" }>,
  run: StepRun,
): Promise<void> {
  const content =
    openTo === undefined
      ? planned
      : openToSpace(planned, await roomIdOf(run.db, { caseRoomId: openTo }));
  const { plan_key: planKey } = await run.db
    .selectFrom("case_room")
    .select("plan_key")
    .where("id", "=", caseRoomId)
    .executeTakeFirstOrThrow();
  await makeRoom(planKey, content, run, async (transaction, roomId) => {
    await transaction
      .updateTable("case_room")
      .set({ room_id: roomId })
      .where("id", "=", caseRoomId)
      .execute();
  });
}

async function createManagement(content: Record<string, unknown>, run: StepRun): Promise<void> {
  const planned = await findManagement(run.db);
  if (planned === undefined) return;
  await makeRoom(planned.planKey, content, run, saveManagementRoom);
}

/** Makes a room once, whatever was interrupted; `keep` notes it where it was planned. */
async function makeRoom(
  planKey: string,
  content: Record<string, unknown>,
  run: StepRun,
  keep: (transaction: Transaction<Database>, roomId: RoomId) => Promise<void>,
): Promise<void> {
  const made = run.repeated ? await findRoomByPlanKey(planKey, run.session) : undefined;
  const roomId =
    made ??
    (
      await run.session.http.json("POST", "/_matrix/client/v3/createRoom", Created, {
        body: {
          ...content,
          creation_content: {
            ...JsonObject.parse(content.creation_content ?? {}),
            [planKeyField]: planKey,
          },
        },
      })
    ).room_id;
  const encryption = encryptionOf(content);
  await run.db.transaction().execute(async (transaction) => {
    await keep(transaction, roomId);
    await lockRoomChanges(transaction);
    await saveRoom(transaction, roomId, {
      historyVisibility: "joined",
      ...(encryption === undefined ? {} : { encryption }),
    });
    await saveMembership(transaction, roomId, run.session.userId, "join");
  });
}

const InitialState = z.array(z.object({ type: z.string(), content: JsonObject })).default([]);
const JoinedRooms = z.object({ joined_rooms: z.array(RoomId) });

function encryptionOf(content: Record<string, unknown>): Record<string, unknown> | undefined {
  const state = InitialState.parse(content.initial_state);
  return state.find((event) => event.type === "m.room.encryption")?.content;
}

/** createRoom has no transaction id: a room that an interrupted attempt made is found by its plan key. */
async function findRoomByPlanKey(
  planKey: string,
  session: StepRun["session"],
): Promise<RoomId | undefined> {
  const { joined_rooms: rooms } = await session.http.json(
    "GET",
    "/_matrix/client/v3/joined_rooms",
    JoinedRooms,
  );
  for (const roomId of rooms) {
    const create = await session.http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/state/m.room.create/`,
      JsonObject,
    );
    if (create[planKeyField] === planKey) return roomId;
  }
  return undefined;
}

const Member = z.object({ membership: z.string() });

async function invite(roomId: RoomId, userId: string, { session }: StepRun): Promise<void> {
  try {
    await session.http.json("POST", path`/_matrix/client/v3/rooms/${roomId}/invite`, Nothing, {
      body: { user_id: userId },
    });
  } catch (error) {
    // Who is invited or joined already cannot be invited: that is what the step wanted.
    if (!(error instanceof HomeserverError) || error.errcode !== "M_FORBIDDEN") throw error;
    const member = await session.http
      .json("GET", path`/_matrix/client/v3/rooms/${roomId}/state/m.room.member/${userId}`, Member)
      .catch(() => undefined);
    if (member?.membership !== "join" && member?.membership !== "invite") throw error;
  }
}

/** Where the registrar may not join people, an invitation says the same. */
async function bringIn(roomId: RoomId, userId: string, run: StepRun): Promise<void> {
  const member = await readState(run, roomId, "m.room.member", userId, Member);
  if (member?.membership === "join") return;
  if (!(await joinPerson(run.session, roomId, userId))) await invite(roomId, userId, run);
}

const present: ReadonlySet<string> = new Set(["join", "invite", "knock"]);

/** Whoever has a seat again by now stays; whoever has left already is left alone. */
async function kick(
  { room, userId }: Extract<Step, { kind: "kick" }>,
  run: StepRun,
): Promise<void> {
  const roomId = await roomIdOf(run.db, room);
  if (!(await isBarred(run.db, room, userId))) return;
  const member = await readState(run, roomId, "m.room.member", userId, Member);
  if (member === undefined || !present.has(member.membership)) return;
  // No reason: the homeserver could read it.
  await run.session.http.json("POST", path`/_matrix/client/v3/rooms/${roomId}/kick`, Nothing, {
    body: { user_id: userId },
  });
}

async function leave(roomId: RoomId, { session }: StepRun): Promise<void> {
  try {
    await session.http.json("POST", path`/_matrix/client/v3/rooms/${roomId}/leave`, Nothing, {
      body: {},
    });
  } catch (error) {
    // Whoever is not in the room need not leave it.
    if (!(error instanceof HomeserverError) || error.errcode !== "M_FORBIDDEN") throw error;
  }
}

const PowerLevels = z.looseObject({
  users: z.record(z.string(), z.number()).default({}),
  users_default: z.number().default(0),
});

/** Steps of one room's powers stand in one lane, so that none overwrites what another one has changed. */
async function setPower(
  { room, userId, power }: Extract<Step, { kind: "set-power" }>,
  run: StepRun,
): Promise<EventId | undefined> {
  const roomId = await roomIdOf(run.db, room);
  const levels = await readState(run, roomId, "m.room.power_levels", "", PowerLevels);
  if (levels === undefined) throw new RoomNotReadyError("the room has no power levels yet");
  if ((levels.users[userId] ?? levels.users_default) === power) return undefined;
  const { [userId]: _former, ...others } = levels.users;
  const users = power === levels.users_default ? others : { ...others, [userId]: power };
  const { event_id: eventId } = await run.session.http.json(
    "PUT",
    path`/_matrix/client/v3/rooms/${roomId}/state/m.room.power_levels/`,
    Sent,
    { body: { ...levels, users } },
  );
  return eventId;
}
