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
      await joinPatiently(client, roomId);
    } finally {
      // Who was removed may be invited again.
      accepting.delete(roomId);
    }
  };
  for (const roomId of invitations(client)) await accept(roomId);
  client.on(RoomEvent.MyMembership, (room, membership) => {
    // Whoever waits for the room says that it was in vain.
    if (membership === KnownMembership.Invite) accept(room.roomId).catch(() => {});
  });
}

/**
 * Joins a room. A homeserver lets people join ten rooms at once and then one in ten seconds: a
 * refusal is waited out.
 */
export async function joinPatiently(client: MatrixClient, roomId: string): Promise<void> {
  for (;;) {
    try {
      await client.joinRoom(roomId);
      return;
    } catch (error) {
      if (!(error instanceof MatrixError) || !error.isRateLimitError()) throw error;
      await delay(error.getRetryAfterMs() ?? 1000);
      if (!client.clientRunning) return;
    }
  }
}
