import { setTimeout as delay } from "node:timers/promises";
import { KnownMembership, type MatrixClient, MatrixError, RoomEvent } from "matrix-js-sdk";
import { RoomId } from "../../domain/ids.ts";

/** The rooms the client is invited to, as far as it has heard. */
export function invitations(client: MatrixClient): readonly RoomId[] {
  return client
    .getRooms()
    .filter((room) => room.getMyMembership() === KnownMembership.Invite)
    .map(({ roomId }) => RoomId.parse(roomId));
}

/**
 * Joins the rooms the client is invited to, one after the other; it resolves when this is done, and
 * later invitations are accepted as they arrive.
 */
export async function acceptInvitations(client: MatrixClient): Promise<void> {
  const accepting = new Set<string>();
  const accept = async (roomId: string) => {
    if (accepting.has(roomId)) return;
    accepting.add(roomId);
    try {
      await joinOnceAllowed(
        ...([client, roomId] as const),
        () => client.getRoom(roomId)?.getMyMembership() === KnownMembership.Invite,
      );
    } finally {
      // Who was removed may be invited again.
      accepting.delete(roomId);
    }
  };
  // First, for joining takes a while, and others may arrive meanwhile.
  client.on(RoomEvent.MyMembership, (room, membership) => {
    // Whoever waits for the room says that it was in vain.
    if (membership === KnownMembership.Invite) accept(room.roomId).catch(() => {});
  });
  for (const roomId of invitations(client)) await accept(roomId);
}

/**
 * An invitation to a room of another homeserver, or the joining of its space, can be known here before
 * that homeserver knows of it itself: whoever is quicker than people are is refused at first.
 *
 * @param mayJoin whether it is still worth another try
 */
export async function joinOnceAllowed(
  client: MatrixClient,
  roomId: string,
  mayJoin: () => boolean,
  via?: readonly string[],
): Promise<void> {
  for (let triesLeft = 5; ; triesLeft -= 1) {
    try {
      await joinPatiently(client, roomId, via);
      return;
    } catch (error) {
      if (triesLeft === 0 || !mayJoin()) throw error;
      await delay(1000);
      if (!client.clientRunning) return;
    }
  }
}

/**
 * Joins a room. A homeserver lets people join ten rooms at once and then one in ten seconds: a
 * refusal is waited out.
 *
 * @param via homeservers to ask about a room that one's own does not know
 */
export async function joinPatiently(
  client: MatrixClient,
  roomId: string,
  via: readonly string[] = [],
): Promise<void> {
  for (;;) {
    try {
      await client.joinRoom(roomId, { viaServers: [...via] });
      return;
    } catch (error) {
      if (!(error instanceof MatrixError) || !error.isRateLimitError()) throw error;
      await delay(error.getRetryAfterMs() ?? 1000);
      if (!client.clientRunning) return;
    }
  }
}
