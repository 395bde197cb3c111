import { setTimeout as delay } from "node:timers/promises";
import { KnownMembership, type MatrixClient, MatrixError, RoomEvent } from "matrix-js-sdk";

/**
 * Joins the rooms the client is invited to, one after the other; it resolves when this is done, and
 * later invitations are accepted as they arrive. A homeserver lets people join ten rooms at once and
 * then one in ten seconds: a refusal is waited out.
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
  const invited = client
    .getRooms()
    .filter((room) => room.getMyMembership() === KnownMembership.Invite);
  for (const { roomId } of invited) await accept(roomId);
  client.on(RoomEvent.MyMembership, (room, membership) => {
    // Whoever waits for the room says that it was in vain.
    if (membership === KnownMembership.Invite) accept(room.roomId).catch(() => {});
  });
}

async function joinPatiently(client: MatrixClient, roomId: string): Promise<void> {
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
