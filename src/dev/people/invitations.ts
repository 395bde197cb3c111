import { setTimeout as delay } from "node:timers/promises";
import { KnownMembership, type MatrixClient, MatrixError, RoomEvent } from "matrix-js-sdk";

/**
 * Joins every room as its invitation arrives, one after the other. A homeserver lets people join ten
 * rooms at once and then one in ten seconds: a refusal is waited out.
 */
export function acceptInvitations(client: MatrixClient, onFailure: (error: unknown) => void): void {
  const seen = new Set<string>();
  let queue = Promise.resolve();
  const accept = (roomId: string) => {
    if (seen.has(roomId)) return;
    seen.add(roomId);
    queue = queue
      .then(() => joinPatiently(client, roomId))
      .catch((error: unknown) => {
        if (client.clientRunning) onFailure(error);
      })
      // Who was removed may be invited again.
      .finally(() => seen.delete(roomId));
  };
  client.on(RoomEvent.MyMembership, (room, membership) => {
    if (membership === KnownMembership.Invite) accept(room.roomId);
  });
  for (const room of client.getRooms()) {
    if (room.getMyMembership() === KnownMembership.Invite) accept(room.roomId);
  }
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
