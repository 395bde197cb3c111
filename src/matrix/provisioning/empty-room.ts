import { z } from "zod";
import { type RoomId, UserId } from "../../domain/ids.ts";
import { type AccountHttp, HomeserverError, path } from "../http.ts";

export interface EmptyRoomOptions {
  /** An account that is in the room; what it may not do there is left undone. */
  readonly remover: AccountHttp;
  /** The bots' accounts, the registrar's too. */
  readonly bots: readonly AccountHttp[];
  readonly ownAccounts: ReadonlySet<string>;
  /** Who need not be removed. */
  stays(userId: string): boolean;
  /** Whether the bots leave too. */
  readonly leave: boolean;
}

const Members = z.object({
  chunk: z.array(z.object({ state_key: UserId, content: z.object({ membership: z.string() }) })),
});
const Nothing = z.object({});

/** Removes people and takes back invitations; the bots leave last. Repeating it is harmless. */
export async function emptyRoom(roomId: RoomId, options: EmptyRoomOptions): Promise<void> {
  const { remover, bots, ownAccounts } = options;
  const members = await unlessRefused(() =>
    remover.json("GET", path`/_matrix/client/v3/rooms/${roomId}/members`, Members, {
      query: { not_membership: "leave" },
    }),
  );
  for (const { state_key: userId, content } of members?.chunk ?? []) {
    if (content.membership !== "join" && content.membership !== "invite") continue;
    if (ownAccounts.has(userId) || options.stays(userId)) continue;
    await unlessRefused(() =>
      remover.json("POST", path`/_matrix/client/v3/rooms/${roomId}/kick`, Nothing, {
        body: { user_id: userId },
      }),
    );
  }
  if (!options.leave) return;
  for (const bot of bots) {
    for (const verb of ["leave", "forget"]) {
      await unlessRefused(() =>
        bot.json("POST", path`/_matrix/client/v3/rooms/${roomId}/${verb}`, Nothing, { body: {} }),
      );
    }
  }
}

/** A room that we are not in any more, or that is gone, is what was wanted. */
async function unlessRefused<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request();
  } catch (error) {
    const isRefused = error instanceof HomeserverError && [403, 404].includes(error.status);
    // What a proxy says in the homeserver's place tells nothing about the room.
    if (isRefused && !error.isPassing) return undefined;
    throw error;
  }
}
