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
 * A `fetch` that asks who is in a room now. The SDK asks who was in it at its last sync, which Synapse
 * refuses who has joined while others did the same: the event that it takes for the last of that moment
 * may be one that branched off before the joining, and in a quiet room it stays the last.
 */
export function asksWhoIsThereNow(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input);
    if (!address.pathname.endsWith("/members")) return fetch(input, init);
    address.searchParams.delete("at");
    return fetch(input instanceof Request ? new Request(address, input) : address, init);
  };
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
