import { z } from "zod";
import type { RoomId } from "../domain/ids.ts";
import { HomeserverError, path } from "../matrix/http.ts";
import type { StepRun } from "./step-run.ts";

const Nothing = z.object({});

/**
 * Synapse's admin API lets a server administrator who may invite join somebody of the same homeserver.
 *
 * @returns false where the registrar is no administrator, or the person has no account yet
 */
export async function joinPerson(
  session: StepRun["session"],
  roomId: RoomId,
  userId: string,
): Promise<boolean> {
  try {
    await session.http.json("POST", path`/_synapse/admin/v1/join/${roomId}`, Nothing, {
      body: { user_id: userId },
    });
    return true;
  } catch (error) {
    const refused = error instanceof HomeserverError && error.status < 500 && error.status !== 429;
    if (refused) return false;
    throw error;
  }
}
