import { ClientEvent, KnownMembership, type MatrixClient, type Room } from "matrix-js-sdk";
import { RogatoryError } from "../../domain/errors.ts";
import { RoomId } from "../../domain/ids.ts";

/** A room that a person has joined. */
export interface JoinedRoom {
  readonly roomId: RoomId;
  readonly name: string;
  readonly isSpace: boolean;
  readonly encrypted: boolean;
  /** How many people and bots are in it, as far as this client knows. */
  readonly members: number;
}

export function joinedRooms(client: MatrixClient): readonly JoinedRoom[] {
  return client
    .getRooms()
    .filter((room) => room.getMyMembership() === KnownMembership.Join)
    .map(describeRoom);
}

function describeRoom(room: Room): JoinedRoom {
  return {
    roomId: RoomId.parse(room.roomId),
    name: room.name,
    isSpace: room.isSpaceRoom(),
    encrypted: room.hasEncryptionStateEvent(),
    members: room.getJoinedMemberCount(),
  };
}

/**
 * Has the client know everybody in a room, to whom it gives its keys. It asks who was there at its last
 * sync: when that was before its own joining it is refused, and it asks again.
 */
export async function loadMembers(client: MatrixClient, roomId: string): Promise<void> {
  for (let triesLeft = 5; ; triesLeft -= 1) {
    try {
      await client.getRoom(roomId)?.loadMembersIfNeeded();
      return;
    } catch (error) {
      if (triesLeft === 0 || !client.clientRunning) throw error;
      // Under load it may be a while until the sync that brings the joining.
      await nextSync(client, 5000);
    }
  }
}

function nextSync(client: MatrixClient, timeoutMilliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      client.off(ClientEvent.Sync, settle);
      resolve();
    };
    const timer = setTimeout(settle, timeoutMilliseconds);
    client.on(ClientEvent.Sync, settle);
  });
}

/** What `find` finds, looked for now and after every sync. */
export function afterSync<T>(
  client: MatrixClient,
  find: () => T | undefined,
  waitedFor: string,
  timeoutMilliseconds: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = find();
      if (found === undefined) return;
      settle();
      resolve(found);
    };
    const settle = () => {
      clearTimeout(timer);
      client.off(ClientEvent.Sync, look);
    };
    const timer = setTimeout(() => {
      settle();
      const seconds = Math.round(timeoutMilliseconds / 1000);
      reject(
        new RogatoryError(
          "people.waited-in-vain",
          `Nothing came within ${seconds} seconds: ${waitedFor}.`,
        ),
      );
    }, timeoutMilliseconds);
    client.on(ClientEvent.Sync, look);
    look();
  });
}
