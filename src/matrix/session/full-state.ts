import { z } from "zod";
import { guardedTypes, type StateFact } from "../../domain/guard/room-state.ts";
import type { RoomId } from "../../domain/ids.ts";
import { type AccountHttp, path } from "../http.ts";
import { asFact } from "./room-changes.ts";
import { RoomEvent } from "./sync-response.ts";

/** All state events of a room, as the homeserver has them now. */
export function readFullState(http: AccountHttp, roomId: RoomId): Promise<readonly RoomEvent[]> {
  return http.json("GET", path`/_matrix/client/v3/rooms/${roomId}/state`, z.array(RoomEvent));
}

/** What the guard looks at of them. */
export function guardedFacts(state: readonly RoomEvent[]): readonly StateFact[] {
  return state.filter(({ type }) => guardedTypes.includes(type)).map(asFact);
}
