import { z } from "zod";
import type { RoomId } from "../domain/ids.ts";
import { HomeserverError, path } from "../matrix/http.ts";
import type { Session } from "../matrix/session/session.ts";

const Nothing = z.object({});
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

/**
 * Synapse's admin API lets a server administrator who may invite join somebody of the same homeserver.
 *
 * @returns false where the registrar is no administrator, or the person has no account yet
 */
export async function joinPerson(
  session: Session,
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
