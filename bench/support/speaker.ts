import {
  ClientEvent,
  KnownMembership,
  MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  MemoryStore,
  MsgType,
  RoomEvent,
} from "matrix-js-sdk";
import { crossSign, startSync } from "../../src/dev/people/client.ts";
import { readMessage } from "../../src/dev/people/message.ts";
import { afterSync, joinedRooms } from "../../src/dev/people/rooms.ts";
import { silenceGlobalLog } from "../../src/dev/people/silence.ts";
import { sdkLogger } from "../../src/matrix/crypto/sdk-logger.ts";

export interface SpeakerAccount {
  readonly url: string;
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
}

/** A command was not answered in a time that is long for any of the subjects. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";
}

const patienceMs = 20_000;

/** A person's client that sends commands and takes the time until their answers are read. */
export interface Speaker {
  /** The joined room whose name ends so, once it has this many members. */
  room(suffix: string, members: number): Promise<string>;
  /** Makes a room with one bot in it, which joins by itself. */
  openRoom(bot: string, name: string, encrypted: boolean): Promise<string>;
  /** Milliseconds from sending a text until its answer is there, decrypted. */
  roundTrip(roomId: string, text: string): Promise<number>;
  /** Sends a text; resolves to a wait for its answer, which gives its time as `performance.now()`. */
  ask(roomId: string, text: string): Promise<() => Promise<number>>;
  stop(): void;
}

export async function startSpeaker(account: SpeakerAccount): Promise<Speaker> {
  const { url, userId, deviceId, accessToken } = account;
  silenceGlobalLog();
  // Without a scheduler, so that many messages can be under way at once.
  const client = new MatrixClient({
    ...{ baseUrl: url, userId, deviceId, accessToken, store: new MemoryStore() },
    ...{ disableVoip: true, logger: sdkLogger(() => {}) },
  });
  await client.initRustCrypto({ useIndexedDB: false });
  const crypto = client.getCrypto();
  if (crypto === undefined) throw new Error("no encryption");
  await crossSign(crypto);

  const waiting = new Map<string, () => void>();
  const answered = new Map<string, number>();
  client.on(RoomEvent.MyMembership, (room, membership) => {
    if (membership === KnownMembership.Invite) void client.joinRoom(room.roomId);
  });
  const read = (event: MatrixEvent) => {
    const message = readMessage(event);
    if (message === undefined || message.sender === userId) return;
    for (const { kind, eventId } of message.relations) {
      if (kind !== "reply" || answered.has(eventId)) continue;
      answered.set(eventId, performance.now());
      waiting.get(eventId)?.();
    }
  };
  client.on(ClientEvent.Event, (event) => {
    void client.decryptEventIfNeeded(event).then(() => read(event));
  });
  // A key may arrive after its message.
  client.on(MatrixEventEvent.Decrypted, read);
  await startSync(client);

  const answerTo = (eventId: string) =>
    new Promise<void>((resolve, reject) => {
      const tooLate = setTimeout(() => reject(new UnansweredError("no answer")), patienceMs);
      waiting.set(eventId, () => {
        clearTimeout(tooLate);
        resolve();
      });
    });

  async function ask(roomId: string, text: string): Promise<() => Promise<number>> {
    const { event_id: eventId } = await client.sendMessage(roomId, {
      msgtype: MsgType.Text,
      body: text,
    });
    return async () => {
      if (!answered.has(eventId)) await answerTo(eventId);
      return answered.get(eventId) ?? Number.NaN;
    };
  }

  return {
    ask,
    room: (suffix, members) => enter(client, suffix, members),
    async openRoom(bot, name, encrypted) {
      await client.createRoom({
        ...{ name, invite: [bot] },
        initial_state: encrypted
          ? [
              {
                type: "m.room.encryption",
                state_key: "",
                content: { algorithm: "m.megolm.v1.aes-sha2" },
              },
            ]
          : [],
      });
      return enter(client, name, 2);
    },
    async roundTrip(roomId, text) {
      const begin = performance.now();
      const answer = await ask(roomId, text);
      return (await answer()) - begin;
    },
    stop: () => client.stopClient(),
  };
}

function enter(client: MatrixClient, suffix: string, members: number): Promise<string> {
  return afterSync(
    client,
    () => joinedRooms(client).find((room) => room.name.endsWith(suffix) && room.members >= members),
    `a room whose name ends with ${suffix}`,
    120_000,
  ).then(({ roomId }) => roomId);
}
