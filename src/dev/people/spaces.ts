import {
  EventType,
  KnownMembership,
  type MatrixClient,
  type Room,
  RoomEvent,
  RoomStateEvent,
} from "matrix-js-sdk";
import { z } from "zod";
import { joinOnceAllowed } from "./invitations.ts";

const Child = z.object({ via: z.array(z.string()).min(1) });

/**
 * Joins the rooms that the client's spaces show and let their members into, now and whenever a space
 * shows another one: what people do who have one invitation, to the space.
 */
export function joinFromSpaces(client: MatrixClient): void {
  const joining = new Set<string>();
  const isOutside = (roomId: string) => {
    const known = client.getRoom(roomId)?.getMyMembership();
    return known !== KnownMembership.Join && known !== KnownMembership.Invite;
  };
  const enter = async (roomId: string, via: readonly string[]) => {
    if (joining.has(roomId)) return;
    if (!isOutside(roomId)) return;
    joining.add(roomId);
    try {
      await joinOnceAllowed(client, roomId, () => isOutside(roomId), via);
    } finally {
      joining.delete(roomId);
    }
  };
  const look = (room: Room) => {
    if (!room.isSpaceRoom() || room.getMyMembership() !== KnownMembership.Join) return;
    for (const event of room.currentState.getStateEvents(EventType.SpaceChild)) {
      const child = Child.safeParse(event.getContent()).data;
      // A room that needs an invitation of its own refuses.
      if (child !== undefined) enter(event.getStateKey() ?? "", child.via).catch(() => {});
    }
  };
  client.getRooms().forEach(look);
  client.on(RoomEvent.MyMembership, look);
  client.on(RoomStateEvent.Events, (event) => {
    if (event.getType() !== EventType.SpaceChild) return;
    const room = client.getRoom(event.getRoomId());
    if (room !== null) look(room);
  });
}
