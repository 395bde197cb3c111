import { z } from "zod";
import type { RoomId } from "../../domain/ids.ts";
import { type AccountHttp, path, UnreachableError } from "../http.ts";
import { gapFilter } from "./sync-filter.ts";
import { type MessagesPage, type RoomEvent, readMessagesPage } from "./sync-response.ts";

/** Fetches the messages of a room that a limited timeline left out, all at once. */
export async function fetchMissed(
  http: AccountHttp,
  roomId: RoomId,
  gap: { readonly from: string; readonly to: string },
): Promise<readonly RoomEvent[]> {
  const missed: RoomEvent[] = [];
  for (let position: string | undefined = gap.from; position !== undefined; ) {
    const json = await http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/messages`,
      z.unknown(),
      { query: { dir: "b", from: position, to: gap.to, limit: "100", filter: gapFilter } },
    );
    const page: MessagesPage | undefined = readMessagesPage(json);
    if (page === undefined) throw new UnreachableError("the answer is no page of messages");
    missed.push(...page.events);
    // A page may be empty before the end: what was said while the account was out is left out of it.
    position = page.end === position ? undefined : page.end;
  }
  return missed;
}
