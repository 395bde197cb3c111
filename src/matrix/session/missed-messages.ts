import type { z } from "zod";
import type { RoomId } from "../../domain/ids.ts";
import { type AccountHttp, path } from "../http.ts";
import { MessagesResponse, type RoomEvent } from "./sync-response.ts";

/** Fetches the messages of a room that a limited timeline left out, oldest first. */
export async function fetchMissed(
  http: AccountHttp,
  roomId: RoomId,
  gap: { readonly from: string; readonly to: string },
  signal?: AbortSignal,
): Promise<readonly RoomEvent[]> {
  const missed: RoomEvent[] = [];
  for (let position: string | undefined = gap.from; position !== undefined; ) {
    const page: z.infer<typeof MessagesResponse> = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/messages`,
      MessagesResponse,
      {
        query: { dir: "b", from: position, to: gap.to, limit: "100" },
        ...(signal === undefined ? {} : { signal }),
      },
    );
    missed.push(...page.chunk.filter((event) => event.type === "m.room.encrypted"));
    // A page may be empty before the end: what was said while the account was out is left out of it.
    position = page.end === position ? undefined : page.end;
  }
  return missed.reverse();
}
