import {
  ClientEvent,
  createClient,
  Filter,
  KnownMembership,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  MsgType,
  type Room,
  SyncState,
} from "matrix-js-sdk";
import {
  AllDevicesIsolationMode,
  type CryptoApi,
  EventShieldReason,
  OnlySignedDevicesIsolationMode,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { RogatoryError } from "../../domain/errors.ts";
import { EventId, RoomId, type UserId } from "../../domain/ids.ts";
import { sdkLogger } from "../../matrix/crypto/sdk-logger.ts";
import type { Account } from "../homeserver/accounts.ts";
import { downloadAttachment } from "./attachment.ts";
import { acceptInvitations } from "./invitations.ts";
import { answers, type RoomMessage, readMessage } from "./message.ts";
import { Pace } from "./pace.ts";
import { silenceGlobalLog } from "./silence.ts";
import { Timeline, type Undecryptable } from "./timeline.ts";

export interface PersonOptions {
  /** Default true. False makes the person whose device nobody vouches for. */
  readonly crossSigned?: boolean;
  /** Refuses to read and to send keys to devices that their owner has not signed; default false. */
  readonly onlySignedDevices?: boolean;
  /** Least time between two syncs, in milliseconds; default 0: news come at once. */
  readonly pace?: number;
}

export type PersonAccount = Pick<Account, "userId" | "deviceId" | "accessToken">;

/** A room that a person has joined. */
export interface JoinedRoom {
  readonly roomId: RoomId;
  readonly name: string;
  readonly isSpace: boolean;
  readonly encrypted: boolean;
}

/** Somebody with an ordinary, full Matrix client: what they read, they have decrypted themselves. */
export interface Person {
  readonly userId: UserId;
  /** Changes the least time between two syncs. */
  setPace(milliseconds: number): void;
  /** Joins the rooms the person is invited to, now and later. */
  acceptInvitations(): void;
  rooms(): readonly JoinedRoom[];
  /** The joined room whose name ends with `suffix`, once its encryption is known. */
  roomByName(suffix: string, timeoutMilliseconds?: number): Promise<JoinedRoom>;
  /** Says something, encrypted; never sends to a room that is not known to be encrypted. */
  say(roomId: RoomId, text: string, options?: { readonly inReplyTo?: EventId }): Promise<EventId>;
  /** The first message that matches, already read or still to come. */
  firstMessage(
    matches: (message: RoomMessage) => boolean,
    waitedFor: string,
    timeoutMilliseconds?: number,
  ): Promise<RoomMessage>;
  /** The first answer of somebody else to a message. */
  replyTo(eventId: EventId, timeoutMilliseconds?: number): Promise<RoomMessage>;
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

/** Starts a client with a fresh device and waits until it has synchronised. */
export async function startPerson(
  homeserver: { readonly url: string },
  account: PersonAccount,
  options: PersonOptions = {},
): Promise<Person> {
  silenceGlobalLog();
  const { userId, deviceId, accessToken } = account;
  const pace = new Pace(options.pace ?? 0);
  const client = createClient({
    ...{ baseUrl: homeserver.url, userId, deviceId, accessToken },
    fetchFn: pace.fetch,
    disableVoip: true,
    logger: sdkLogger(() => {}),
  });
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
  const events = readEvents(client, timeline);
  await startSync(client);
  return person({ client, crypto, timeline, events, pace, homeserver, account });
}

/** The first upload of an identity needs no further authentication (MSC3967). */
async function crossSign(crypto: CryptoApi): Promise<void> {
  await crypto.bootstrapCrossSigning({
    setupNewCrossSigning: true,
    authUploadDeviceSigningKeys: async (makeRequest) => {
      await makeRequest(null);
    },
  });
}

/** Decrypts what arrives, in order, and again when a key comes late. */
function readEvents(client: MatrixClient, timeline: Timeline): ReadonlyMap<string, MatrixEvent> {
  const events = new Map<string, MatrixEvent>();
  const keep = (event: MatrixEvent) => {
    const message = readMessage(event);
    if (message !== undefined) {
      events.set(message.eventId, event);
      timeline.add(message);
    } else if (event.isDecryptionFailure()) {
      timeline.addUndecryptable({
        eventId: event.getId() ?? "",
        roomId: event.getRoomId() ?? "",
        sender: event.getSender() ?? "",
        reason: event.decryptionFailureReason ?? "UNKNOWN_ERROR",
      });
    }
  };
  let queue = Promise.resolve();
  client.on(ClientEvent.Event, (event) => {
    queue = queue.then(async () => {
      await client.decryptEventIfNeeded(event);
      keep(event);
    });
  });
  client.on(MatrixEventEvent.Decrypted, keep);
  return events;
}

/** Only what a chat needs: 45 clients share one process. */
async function startSync(client: MatrixClient): Promise<void> {
  const nothing = { not_types: ["*"] };
  const filter = new Filter(client.getUserId());
  filter.setDefinition({
    presence: nothing,
    account_data: nothing,
    room: {
      ephemeral: nothing,
      account_data: nothing,
      timeline: { limit: 100 },
      state: { lazy_load_members: true },
    },
  });
  const synchronised = new Promise<void>((resolve, reject) => {
    const onSync = (state: SyncState, _before: SyncState | null, data?: { error?: Error }) => {
      if (state === SyncState.Prepared) resolve();
      else if (state === SyncState.Error) reject(data?.error ?? new Error("sync failed"));
      else return;
      client.off(ClientEvent.Sync, onSync);
    };
    client.on(ClientEvent.Sync, onSync);
  });
  await client.startClient({ filter, lazyLoadMembers: true, disablePresence: true });
  await synchronised;
  // Nobody calls anybody here, and its bookkeeping grows with every member of every room.
  client.matrixRTC.stop();
}

interface Parts {
  readonly client: MatrixClient;
  readonly crypto: CryptoApi;
  readonly timeline: Timeline;
  readonly events: ReadonlyMap<string, MatrixEvent>;
  readonly pace: Pace;
  readonly homeserver: { readonly url: string };
  readonly account: PersonAccount;
}

function person({ client, crypto, timeline, events, pace, homeserver, account }: Parts): Person {
  const joinedRooms = (): readonly JoinedRoom[] =>
    client
      .getRooms()
      .filter((room) => room.getMyMembership() === KnownMembership.Join)
      .map(describeRoom);

  return {
    userId: account.userId,
    setPace: (milliseconds) => {
      pace.milliseconds = milliseconds;
    },
    acceptInvitations: () => acceptInvitations(client, () => {}),
    rooms: joinedRooms,
    roomByName: (suffix, timeoutMilliseconds = DEFAULT_TIMEOUT) =>
      afterSync(
        client,
        () => joinedRooms().find(({ name, encrypted }) => encrypted && name.endsWith(suffix)),
        `the invitation of ${account.userId} to the room “${suffix}”`,
        timeoutMilliseconds,
      ),
    async say(roomId, text, options = {}) {
      if (!(await crypto.isEncryptionEnabledInRoom(roomId))) {
        throw new RogatoryError(
          "people.not-encrypted",
          "Nothing was said: the room is not known to be encrypted.",
        );
      }
      const { event_id } = await client.sendMessage(roomId, {
        ...{ msgtype: MsgType.Text, body: text },
        ...(options.inReplyTo === undefined
          ? {}
          : { "m.relates_to": { "m.in_reply_to": { event_id: options.inReplyTo } } }),
      });
      return EventId.parse(event_id);
    },
    firstMessage: (matches, waitedFor, timeoutMilliseconds = DEFAULT_TIMEOUT) =>
      timeline.first(matches, waitedFor, timeoutMilliseconds),
    replyTo: (eventId, timeoutMilliseconds = DEFAULT_TIMEOUT) =>
      timeline.first(
        (message) => message.sender !== account.userId && answers(message, eventId),
        `the answer to ${account.userId}`,
        timeoutMilliseconds,
      ),
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

function describeRoom(room: Room): JoinedRoom {
  return {
    roomId: RoomId.parse(room.roomId),
    name: room.name,
    isSpace: room.isSpaceRoom(),
    encrypted: room.hasEncryptionStateEvent(),
  };
}

/** What `find` finds, looked for now and after every sync. */
function afterSync<T>(
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
