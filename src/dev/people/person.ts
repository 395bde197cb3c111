import { createClient, type MatrixClient, type MatrixEvent, MsgType } from "matrix-js-sdk";
import {
  AllDevicesIsolationMode,
  type CryptoApi,
  EventShieldReason,
  OnlySignedDevicesIsolationMode,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { RogatoryError } from "../../domain/errors.ts";
import { EventId, type RoomId, type UserId } from "../../domain/ids.ts";
import { sdkLogger } from "../../matrix/crypto/sdk-logger.ts";
import type { Account } from "../homeserver/accounts.ts";
import { downloadAttachment, uploadAttachment } from "./attachment.ts";
import { crossSign, heardKeys, readEvents, startSync } from "./client.ts";
import { GapWatch } from "./gaps.ts";
import { acceptInvitations, invitations, joinPatiently } from "./invitations.ts";
import { answers, type RoomMessage } from "./message.ts";
import { Pace } from "./pace.ts";
import { afterSync, asksWhoIsThereNow, type JoinedRoom, joinedRooms } from "./rooms.ts";
import { silenceGlobalLog } from "./silence.ts";
import { joinFromSpaces } from "./spaces.ts";
import { Timeline, type Undecryptable } from "./timeline.ts";

export interface PersonOptions {
  /** Default true. False makes the person whose device nobody vouches for. */
  readonly crossSigned?: boolean | undefined;
  /** Refuses to read and to send keys to devices that their owner has not signed; default false. */
  readonly onlySignedDevices?: boolean | undefined;
  /** Least time between two syncs while nothing is waited for, in milliseconds; default 0. */
  readonly pace?: number | undefined;
  /**
   * Joins what their spaces show and let them into, once invitations are accepted; default false. True
   * for who is invited to the space only.
   */
  readonly joinsFromSpaces?: boolean | undefined;
}

export type PersonAccount = Pick<Account, "userId" | "deviceId" | "accessToken">;

/** Somebody with an ordinary, full Matrix client: what they read, they have decrypted themselves. */
export interface Person {
  readonly userId: UserId;
  /** Begins to synchronise, and waits for the first time. */
  synchronise(): Promise<void>;
  /** Joins the rooms the person is invited to; resolves when this is done, and goes on later. */
  acceptInvitations(): Promise<void>;
  /** The rooms the person is invited to and has not joined. */
  invitations(): readonly RoomId[];
  join(roomId: RoomId): Promise<void>;
  /** Begins no sync until the work has ended. */
  holdSync<T>(work: () => Promise<T>): Promise<T>;
  rooms(): readonly JoinedRoom[];
  /**
   * The joined room whose name ends with `suffix`, once its encryption and at least `members`
   * members are known: a client gives its keys to nobody whose joining it has not yet heard of.
   */
  roomByName(
    suffix: string,
    options?: { readonly members?: number | undefined; readonly timeout?: number },
  ): Promise<JoinedRoom>;
  /**
   * Hands the keys of what the person will say next to everybody in a room, as clients do when
   * somebody begins to type.
   */
  prepareToSpeak(roomId: RoomId): Promise<void>;
  /**
   * Waits until somebody has handed over the keys of what they say in a room, or said that they do not;
   * for a few seconds, for a client may refuse to hear of it.
   */
  hearsKeysOf(speaker: UserId, roomId: RoomId): Promise<void>;
  /** Says something, encrypted; never sends to a room that is not known to be encrypted. */
  say(
    roomId: RoomId,
    text: string,
    options?: { readonly inReplyTo?: EventId | undefined },
  ): Promise<EventId>;
  /** Sends an encrypted file, as clients do. */
  sendFile(roomId: RoomId, name: string, bytes: Uint8Array): Promise<EventId>;
  /** The first message that matches, already read or still to come. */
  firstMessage(
    matches: (message: RoomMessage) => boolean,
    waitedFor: string,
    timeoutMilliseconds?: number,
  ): Promise<RoomMessage>;
  /** A message, once the person has read it. */
  reads(eventId: EventId, timeoutMilliseconds?: number): Promise<RoomMessage>;
  /** The first answer of somebody else to a message. */
  replyTo(eventId: EventId, timeoutMilliseconds?: number): Promise<RoomMessage>;
  /** Everybody else's answers to a message that the person has read so far. */
  repliesTo(eventId: EventId): readonly RoomMessage[];
  /** What the person has read in a room, in the order in which it came. */
  timeline(roomId: RoomId): readonly RoomMessage[];
  onMessage(listener: (message: RoomMessage) => void): void;
  /** The bytes of a message's attachment, checked and decrypted. */
  downloadFile(message: RoomMessage): Promise<Uint8Array>;
  /** What the client warns of beside a message: `UNSIGNED_DEVICE`, ...; undefined if nothing. */
  shieldOf(eventId: EventId): Promise<string | undefined>;
  undecryptable(): readonly Undecryptable[];
  stop(): Promise<void>;
}

const DEFAULT_TIMEOUT = 60_000;
const KEYS_TIMEOUT = 5_000;

/** Starts a client with a fresh device and waits until it has synchronised. */
export async function startPerson(
  homeserver: { readonly url: string },
  account: PersonAccount,
  options: PersonOptions = {},
): Promise<Person> {
  const person = await preparePerson(homeserver, account, options);
  await person.synchronise();
  return person;
}

/** The same with keys and identity, but not yet synchronised. */
export async function preparePerson(
  homeserver: { readonly url: string },
  account: PersonAccount,
  options: PersonOptions = {},
): Promise<Person> {
  silenceGlobalLog();
  const { userId, deviceId, accessToken } = account;
  const pace = new Pace(options.pace ?? 0);
  const gaps = new GapWatch();
  const client = createClient({
    ...{ baseUrl: homeserver.url, userId, deviceId, accessToken },
    fetchFn: gaps.watch(asksWhoIsThereNow(pace.fetch)),
    disableVoip: true,
    logger: sdkLogger(() => {}),
  });
  // One may wait for many rooms at once.
  client.setMaxListeners(100);
  await client.initRustCrypto({ useIndexedDB: false });
  const crypto = client.getCrypto();
  if (crypto === undefined) {
    throw new RogatoryError(
      "people.no-encryption",
      "A person's client could not start encryption.",
    );
  }
  crypto.setDeviceIsolationMode(
    options.onlySignedDevices === true
      ? new OnlySignedDevicesIsolationMode()
      : new AllDevicesIsolationMode(false),
  );
  if (options.crossSigned !== false) await crossSign(crypto);

  const timeline = new Timeline();
  const events = readEvents(client, timeline, gaps);
  const keys = heardKeys(client);
  return person({ client, crypto, timeline, events, keys, pace, homeserver, account, options });
}

interface Parts {
  readonly client: MatrixClient;
  readonly crypto: CryptoApi;
  readonly timeline: Timeline;
  readonly events: ReadonlyMap<string, MatrixEvent>;
  /** Speaker and room of the keys that came, or were withheld. */
  readonly keys: ReadonlySet<string>;
  readonly pace: Pace;
  readonly homeserver: { readonly url: string };
  readonly account: PersonAccount;
  readonly options: PersonOptions;
}

function person(parts: Parts): Person {
  const { client, crypto, timeline, events, keys, pace, homeserver, account } = parts;
  const isReplyTo = (message: RoomMessage, eventId: EventId) =>
    message.sender !== account.userId && answers(message, eventId);
  const firstMessage: Person["firstMessage"] = (matches, waitedFor, timeout = DEFAULT_TIMEOUT) =>
    pace.hurry(() => timeline.first(matches, waitedFor, timeout));
  const prepareRoom = async (roomId: RoomId) => {
    if (!(await crypto.isEncryptionEnabledInRoom(roomId))) {
      throw new RogatoryError(
        "people.not-encrypted",
        "Nothing was said: the room is not known to be encrypted.",
      );
    }
    // One's keys go to whom the client knows to be in the room.
    await client.getRoom(roomId)?.loadMembersIfNeeded();
  };

  return {
    userId: account.userId,
    synchronise: () => startSync(client),
    async acceptInvitations() {
      await acceptInvitations(client);
      if (parts.options.joinsFromSpaces === true) joinFromSpaces(client);
    },
    invitations: () => invitations(client),
    join: (roomId) => joinPatiently(client, roomId),
    holdSync: (work) => pace.hold(work),
    rooms: () => joinedRooms(client),
    roomByName: (suffix, { members = 1, timeout = DEFAULT_TIMEOUT } = {}) =>
      afterSync(
        client,
        () =>
          joinedRooms(client).find(
            (room) => room.encrypted && room.members >= members && room.name.endsWith(suffix),
          ),
        `the room “${suffix}” for ${account.userId}, with ${members} members`,
        timeout,
      ),
    async prepareToSpeak(roomId) {
      const room = client.getRoom(roomId);
      if (room === null) return;
      await room.loadMembersIfNeeded();
      await crypto.prepareToEncrypt(room);
    },
    async hearsKeysOf(speaker, roomId) {
      const what = `the keys of ${speaker} for ${account.userId}`;
      const heard = () => (keys.has(`${speaker} ${roomId}`) ? true : undefined);
      await pace.hurry(() => afterSync(client, heard, what, KEYS_TIMEOUT)).catch(() => {});
    },
    async say(roomId, text, options = {}) {
      await prepareRoom(roomId);
      const { event_id } = await client.sendMessage(roomId, {
        ...{ msgtype: MsgType.Text, body: text },
        ...(options.inReplyTo === undefined
          ? {}
          : { "m.relates_to": { "m.in_reply_to": { event_id: options.inReplyTo } } }),
      });
      return EventId.parse(event_id);
    },
    async sendFile(roomId, name, bytes) {
      await prepareRoom(roomId);
      const file = await uploadAttachment(homeserver.url, account.accessToken, bytes);
      const { event_id } = await client.sendMessage(roomId, {
        ...{ msgtype: MsgType.File, body: name, filename: name, file },
      });
      return EventId.parse(event_id);
    },
    firstMessage,
    reads: (eventId, timeoutMilliseconds) =>
      firstMessage(
        (message) => message.eventId === eventId,
        `a message to ${account.userId}`,
        timeoutMilliseconds,
      ),
    replyTo: (eventId, timeoutMilliseconds) =>
      firstMessage(
        (message) => isReplyTo(message, eventId),
        `the answer to ${account.userId}`,
        timeoutMilliseconds,
      ),
    repliesTo: (eventId) => timeline.messages.filter((message) => isReplyTo(message, eventId)),
    timeline: (roomId) => timeline.messages.filter((message) => message.roomId === roomId),
    onMessage: (listener) => timeline.onMessage(listener),
    async downloadFile({ file }) {
      if (file === undefined) {
        throw new RogatoryError("people.no-attachment", "The message carries no encrypted file.");
      }
      return downloadAttachment(homeserver.url, account.accessToken, file);
    },
    async shieldOf(eventId) {
      const event = events.get(eventId);
      const info = event === undefined ? null : await crypto.getEncryptionInfoForEvent(event);
      const reason = info?.shieldReason ?? null;
      return reason === null ? undefined : EventShieldReason[reason];
    },
    undecryptable: () => timeline.undecryptable,
    async stop() {
      client.stopClient();
    },
  };
}
