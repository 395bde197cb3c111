import type { Kysely } from "kysely";
import { z } from "zod";
import { readSyncToken } from "../../db/repositories/accounts.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import { findRoom } from "../../db/repositories/rooms.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { DeviceId, RoomId, UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import type { AccountCrypto } from "../crypto/crypto.ts";
import { type AccountHttp, UnreachableError } from "../http.ts";
import { EncryptedRooms } from "./encrypted-rooms.ts";
import { ToDeviceError } from "./errors.ts";
import { KeyNews } from "./key-news.ts";
import { concernsCrypto, type RoomChanges, readRoomChanges } from "./room-changes.ts";
import { settleState } from "./settle-state.ts";
import { syncFilter } from "./sync-filter.ts";
import { readSyncResponse, type SyncResponse } from "./sync-response.ts";
import { type ArrivalListener, saveSyncBatch } from "./sync-store.ts";
import { readWithheldKeys } from "./withheld-keys.ts";

export interface SessionOptions {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
  readonly http: AccountHttp;
  readonly crypto: AccountCrypto;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly ownAccounts: ReadonlySet<UserId>;
  /** Whether to accept an invitation. */
  mayAccept(invitation: Invitation): Promise<boolean>;
  /** Told of people who are newly in a room, in the transaction that keeps the response. */
  readonly onArrivals?: ArrivalListener | undefined;
  /** Whether the account watches what its rooms are like; default false. */
  readonly guards?: boolean;
  /** Called after each response is durable. */
  onSynced(batch: {
    /** Something may be waiting in the inbox. */
    readonly hasMessages: boolean;
    /** Rooms or people are not as they were, or an invitation waits to be accepted. */
    readonly hasChanges: boolean;
    /** Rooms whose state or people are not as they were. */
    readonly changed: readonly RoomId[];
    /** Parts of the response that were left out because they are malformed. */
    readonly malformed: number;
    /** Rooms of which something was left out, and the homeserver does not say what. */
    readonly lostGaps: readonly RoomId[];
    /** Something was left out that is to be fetched. */
    readonly hasGaps: boolean;
  }): void;
}

export interface Invitation {
  readonly roomId: RoomId;
  readonly inviter: UserId;
  /** Whether the inviter's client says that it is a conversation with this account alone. */
  readonly isDirect: boolean;
  readonly isSpace: boolean;
}

/** What a response was about. */
export interface SyncNews {
  /** People came or went, and that was all: nobody spoke, and nobody invited the account. */
  readonly onlyMembers: boolean;
}

/** How long the homeserver may wait for news before it answers. */
const longPollMs = 30_000;

/**
 * One account's connection: its own /sync loop, and encryption for the rooms it is in. Rooms live in
 * the database; what the crypto must know of them is told on first use in this process.
 */
export class Session {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly http: AccountHttp;
  readonly crypto: AccountCrypto;
  readonly #options: SessionOptions;
  readonly #rooms: EncryptedRooms;
  readonly #keyNews = new KeyNews();
  /** Where the last durable response ended; read from the database once. */
  #position: string | undefined;
  #lastSync: Temporal.Instant | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.userId = options.userId;
    this.deviceId = options.deviceId;
    this.http = options.http;
    this.crypto = options.crypto;
    this.#rooms = new EncryptedRooms(options);
  }

  /** When the last response was durable; undefined before the first. */
  get lastSync(): Temporal.Instant | undefined {
    return this.#lastSync;
  }

  /**
   * One round: asks, handles keys first, then keeps the rest. Throws UnreachableError or
   * HomeserverError if the homeserver gave no answer, and the next round goes on where this one
   * ended; any other error leaves the crypto ahead of its position and must end the process.
   */
  async syncOnce(signal: AbortSignal, waitMs = longPollMs): Promise<SyncNews> {
    const { db, userId } = this.#options;
    this.#position ??= await readSyncToken(db, userId);
    const since = this.#position;
    const isFirst = this.#lastSync === undefined;
    if (isFirst) await this.#rooms.tellLeftOver();
    const json = await this.http.json("GET", "/_matrix/client/v3/sync", z.unknown(), {
      query: {
        filter: syncFilter(this.#options.guards === true),
        timeout: String(since === undefined ? 0 : waitMs),
        ...(since === undefined ? {} : { since }),
      },
      timeoutMs: waitMs + 60_000,
      signal,
    });
    const response = readSyncResponse(json);
    if (response === undefined) throw new UnreachableError("the answer is no response to a sync");
    const rooms = await this.#readRooms(response);

    // Room keys and device lists become durable before the position moves past them.
    await this.#handleKeys(response);
    const invitations = await this.#acceptable(response);
    await saveSyncBatch(
      db,
      {
        account: userId,
        since,
        nextBatch: response.next_batch,
        rooms,
        retryAll: isFirst,
        told: this.#rooms.takeTold(),
        ownAccounts: this.#options.ownAccounts,
        invitations,
        now: this.#options.now(),
        guards: this.#options.guards === true,
        withheld: readWithheldKeys(response.to_device.events),
      },
      (transaction, roomId) =>
        enqueueStep(transaction, this.#options.vault.system, this.#options.now(), {
          account: userId,
          lane: roomId,
          caseId: undefined,
          step: { kind: "join", room: { roomId } },
          cause: `invite.${response.next_batch}`,
          slot: roomId,
        }),
      this.#options.onArrivals,
    );
    this.#position = response.next_batch;
    await this.#rooms.tell(rooms);
    this.crypto.syncCompleted();
    this.#lastSync = this.#options.now();
    const changed = rooms
      .filter(({ memberships, state }) => memberships.size + state.length > 0)
      .map(({ roomId }) => roomId);
    const hasMessages = isFirst || rooms.some(({ messages }) => messages.length > 0);
    const hasChanges = invitations.length > 0 || rooms.some(concernsCrypto);
    const lostGaps = rooms
      .filter(({ limited, gapBefore }) => limited && since !== undefined && gapBefore === undefined)
      .map(({ roomId }) => roomId);
    const hasGaps = rooms.some(({ gapBefore }) => gapBefore !== undefined);
    const { malformed } = response;
    this.#options.onSynced({ changed, hasMessages, hasChanges, malformed, lostGaps, hasGaps });
    const hasWord = hasMessages || response.to_device.events.length > 0 || invitations.length > 0;
    return { onlyMembers: hasChanges && !hasWord };
  }

  async #handleKeys(response: SyncResponse): Promise<void> {
    const now = this.#options.now();
    if (!this.#keyNews.isIn(response, now)) return;
    await this.crypto
      .processSync({
        toDeviceEvents: response.to_device.events,
        deviceLists: response.device_lists,
        oneTimeKeysCounts: response.device_one_time_keys_count,
        unusedFallbackKeys: response.device_unused_fallback_key_types,
      })
      .catch((cause: unknown) => {
        throw new ToDeviceError("keys of a sync response were not handled", { cause });
      });
    this.#keyNews.told(response, now);
  }

  /** Encrypts for everybody in the room; throws if the room is not known to be encrypted. */
  async encrypt(
    roomId: RoomId,
    type: string,
    content: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const room = await findRoom(this.#options.db, roomId);
    if (room?.encryption === undefined) {
      throw new RogatoryError(
        "send.unencrypted-room",
        "The room is not known to be encrypted; nothing was sent.",
      );
    }
    return this.crypto.encrypt(await this.#rooms.view(roomId), type, content);
  }

  async #readRooms({ rooms: { join, leave } }: SyncResponse): Promise<readonly RoomChanges[]> {
    const rooms: RoomChanges[] = [];
    for (const [roomId, room] of join) {
      rooms.push(await settleState(this.#options, readRoomChanges(roomId, room)));
    }
    for (const [roomId, room] of leave) {
      // The rooms of a shredded case must not come back by the news that we have left them.
      if ((await findRoom(this.#options.db, roomId)) === undefined) continue;
      rooms.push(readRoomChanges(roomId, room));
    }
    return rooms;
  }

  async #acceptable(response: SyncResponse): Promise<readonly RoomId[]> {
    const accepted: RoomId[] = [];
    for (const [roomId, state] of response.rooms.invite) {
      const own = state.find(
        (event) => event.type === "m.room.member" && event.state_key === this.userId,
      );
      if (own === undefined) continue;
      const create = state.find(({ type }) => type === "m.room.create");
      const invitation = {
        ...{ roomId, inviter: own.sender },
        isDirect: own.content.is_direct === true,
        isSpace: create?.content.type === "m.space",
      };
      if (await this.#options.mayAccept(invitation)) accepted.push(roomId);
    }
    return accepted;
  }
}
