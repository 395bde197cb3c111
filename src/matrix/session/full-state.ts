import { z } from "zod";
import { guardedTypes, type StateFact } from "../../domain/guard/room-state.ts";
import type { RoomId } from "../../domain/ids.ts";
import { type AccountHttp, path } from "../http.ts";
import { asFact } from "./room-changes.ts";
import { type RoomEvent, readStateEvents } from "./sync-response.ts";

/** All state events of a room, as the homeserver has them now. */
export async function readFullState(
  http: AccountHttp,
  roomId: RoomId,
): Promise<readonly RoomEvent[]> {
  const url = path`/_matrix/client/v3/rooms/${roomId}/state`;
  return readStateEvents(await http.json("GET", url, z.array(z.unknown())));
}

/** What the guard looks at of them. */
export function guardedFacts(state: readonly RoomEvent[]): readonly StateFact[] {
  return state.filter(({ type }) => guardedTypes.includes(type)).map(asFact);
}
