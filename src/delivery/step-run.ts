import type { Kysely } from "kysely";
import { z } from "zod";
import { findManagement } from "../db/repositories/management.ts";
import type { RoomReference } from "../db/repositories/outbox.ts";
import { listMembers } from "../db/repositories/rooms.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import { EventId, type RoomId } from "../domain/ids.ts";
import { HomeserverError, path } from "../matrix/http.ts";
import type { Session } from "../matrix/session/session.ts";
import type { SealBox } from "../vault/seal-box.ts";

/** The room of a step does not exist yet: the step waits for the one that makes it. */
export class RoomNotReadyError extends Error {
  override readonly name = "RoomNotReadyError";
}

/** One step as it is carried out. */
export interface StepRun {
  readonly session: Pick<Session, "userId" | "http" | "encrypt">;
  readonly db: Kysely<Database>;
  /** What the step's case has sealed. */
  readonly box: SealBox;
  readonly transactionId: string;
  /** Whether an earlier attempt may have had its effect without our knowing. */
  readonly repeated: boolean;
  /** What an earlier attempt has kept. */
  readonly progress: unknown;
  now(): Temporal.Instant;
  /** Keeps something for a later attempt; durable when it returns. */
  saveProgress(progress: unknown): Promise<void>;
}

/** Nobody is there yet who could read it: with `history_visibility: joined` it would be lost. */
export class NobodyThereError extends Error {
  override readonly name = "NobodyThereError";
}

export const Sent = z.object({ event_id: EventId });
export const JsonObject = z.record(z.string(), z.unknown());

export async function roomIdOf(db: Kysely<Database>, room: RoomReference): Promise<RoomId> {
  if ("roomId" in room) return room.roomId;
  if ("management" in room) {
    const made = (await findManagement(db))?.roomId;
    if (made === undefined)
      throw new RoomNotReadyError("the operators' room has not been made yet");
    return made;
  }
  const row = await db
    .selectFrom("case_room")
    .select("room_id")
    .where("id", "=", room.caseRoomId)
    .executeTakeFirst();
  if (row === undefined)
    throw new RogatoryError("step.room-unknown", "The room of this step is no longer planned.");
  if (row.room_id === null) throw new RoomNotReadyError("the room has not been made yet");
  return row.room_id;
}

/** What is reported to operators waits until one of them has come. */
export async function requireAudience(run: StepRun, room: RoomReference): Promise<void> {
  if (!("management" in room)) return;
  const operators = (await findManagement(run.db))?.operators ?? [];
  const members = await listMembers(run.db, await roomIdOf(run.db, room), ["join"]);
  if (members.some(({ userId }) => operators.includes(userId))) return;
  throw new NobodyThereError("no operator has joined yet");
}

/** Undefined if the room has no such state. */
export async function readState<T>(
  { session }: StepRun,
  roomId: RoomId,
  type: string,
  stateKey: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  try {
    return await session.http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`,
      schema,
    );
  } catch (error) {
    if (error instanceof HomeserverError && error.errcode === "M_NOT_FOUND") return undefined;
    throw error;
  }
}
