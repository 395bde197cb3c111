import { setTimeout as delay } from "node:timers/promises";
import { createClient, type MatrixClient, MatrixEvent } from "matrix-js-sdk";
import { AllDevicesIsolationMode, type CryptoApi } from "matrix-js-sdk/lib/crypto-api/index.js";
import { decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/recovery-key.js";
import { RogatoryError } from "../../domain/errors.ts";
import { DeviceId, type EventId, RoomId, serverOf, type UserId } from "../../domain/ids.ts";
import { UnreachableError } from "../http.ts";
import {
  type CryptoBackend,
  CryptoBackendContract,
  type CryptoChanges,
  type RoomView,
} from "./backend.ts";
import { clearParts } from "./clear-parts.ts";
import { CryptoIdentity, judgeRecoveryKey, type RecoveryKeyVerdict } from "./identity.ts";
import { type ClaimOptions, isUnanswered, KeyClaims } from "./key-claims.ts";
import { KeyQueries } from "./key-queries.ts";
import { type SdkLogSink, sdkLogger } from "./sdk-logger.ts";
import { requireCiphertext } from "./send-gate.ts";
import { storePrefix } from "./stores.ts";
import { guardToDevice } from "./to-device-border.ts";
import { type Trust, TrustJudge } from "./trust.ts";
import { Verifications } from "./verification.ts";
import { isVerificationEvent } from "./verification-events.ts";

export interface CryptoAccount {
  readonly homeserverUrl: string;
  /** Token of the application service; the account and device are named with each request. */
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** Encrypts the crypto store itself: 32 bytes. */
  readonly storeKey: Uint8Array;
  readonly log: SdkLogSink;
  /** For tests: how long a claim of keys may take, and what follows. */
  readonly claims?: Omit<ClaimOptions, "serverName">;
}

/** Gives the recovery key of the account's secret storage. */
export interface RecoveryKeyReader {
  read(): Promise<string | undefined>;
  /** While secret storage is being made anew, some secrets are still sealed with the other key. */
  readOther?(): Promise<string | undefined>;
}

/** An event as it came from the homeserver. */
export interface RawEvent {
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly sender: UserId;
  readonly type: string;
  readonly content: Record<string, unknown>;
  readonly origin_server_ts: number;
  /** What the homeserver says of it beside: whether the account was in the room then. */
  readonly unsigned?: Record<string, unknown> | undefined;
}

/** A room key that was not known before. */
export interface ArrivedKey {
  readonly roomId: RoomId;
  readonly sessionId: string;
}

export type Decrypted =
  | {
      readonly kind: "message";
      readonly type: string;
      readonly content: Record<string, unknown>;
      readonly trust: Trust;
    }
  | { readonly kind: "undecryptable"; readonly code: string };

export interface Fingerprint {
  readonly ed25519: string;
  readonly curve25519: string;
}

/** A homeserver that gives no answer must not keep an account from stopping. */
const stopPatienceMs = 5_000;

/** Stands for a device whose id cannot be written down. */
const oddDevice = DeviceId.parse("?");

/**
 * End-to-end encryption of one account: the one adapter over matrix-js-sdk, which is fed by our own
 * sync loop and never starts its own client.
 */
export class AccountCrypto {
  readonly #client: MatrixClient;
  readonly #api: CryptoApi;
  readonly #backend: CryptoBackend;
  readonly #trust: TrustJudge;
  readonly #log: SdkLogSink;
  readonly #firstBackupCheck: Promise<unknown>;
  readonly identity: CryptoIdentity;
  readonly verifications: Verifications;

  private constructor(
    client: MatrixClient,
    api: CryptoApi,
    keyQueries: KeyQueries,
    log: SdkLogSink,
  ) {
    this.#client = client;
    this.#api = api;
    this.#log = log;
    // Begun by the SDK already, which gives the one that is under way; a failure is met where it matters.
    this.#firstBackupCheck = api.checkKeyBackupAndEnable().catch(() => {});
    this.#backend = CryptoBackendContract.parse(api);
    guardToDevice(this.#backend.olmMachine);
    this.#trust = new TrustJudge(api, this.#backend, keyQueries);
    this.identity = new CryptoIdentity(client, api, this.#backend);
    this.verifications = new Verifications(client);
  }

  /** Opens the account's crypto store, or makes it. `globalThis.indexedDB` must be installed. */
  static async open(account: CryptoAccount, recovery: RecoveryKeyReader): Promise<AccountCrypto> {
    const keyQueries = new KeyQueries();
    const claims = new KeyClaims(
      { ...account.claims, serverName: serverOf(account.userId) },
      (resource, options) => keyQueries.fetch(resource, options),
    );
    const client = createClient({
      baseUrl: account.homeserverUrl,
      fetchFn: (resource, options) => claims.fetch(resource, options),
      accessToken: account.token,
      userId: account.userId,
      deviceId: account.deviceId,
      queryParams: { user_id: account.userId, device_id: account.deviceId },
      logger: sdkLogger(account.log),
      // A person compares emoji with an operator at a terminal, which shows no QR code.
      verificationMethods: ["m.sas.v1"],
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => {
          for (const encoded of [await recovery.read(), await recovery.readOther?.()]) {
            if (encoded === undefined) continue;
            const key = decodeRecoveryKey(encoded);
            for (const [keyId, description] of Object.entries(keys)) {
              if (await client.secretStorage.checkKey(key, description)) return [keyId, key];
            }
          }
          return null;
        },
      },
    });
    await client.initRustCrypto({
      cryptoDatabasePrefix: storePrefix(account.userId, account.deviceId),
      storageKey: account.storeKey,
    });
    const api = client.getCrypto();
    if (api === undefined)
      throw new RogatoryError("crypto.missing", "Encryption could not be started.");
    // Everything is decrypted, and the sender's shield is judged by us, so that a refusal can be explained.
    api.setDeviceIsolationMode(new AllDevicesIsolationMode(false));
    return new AccountCrypto(client, api, keyQueries, account.log);
  }

  /** What a recovery key is to an account's secret storage, without opening a crypto store. */
  static judgeRecoveryKey(
    account: Pick<CryptoAccount, "homeserverUrl" | "token" | "userId" | "log">,
    recoveryKey: string | undefined,
  ): Promise<RecoveryKeyVerdict> {
    const client = createClient({
      baseUrl: account.homeserverUrl,
      accessToken: account.token,
      userId: account.userId,
      queryParams: { user_id: account.userId },
      logger: sdkLogger(account.log),
    });
    return judgeRecoveryKey(client, recoveryKey);
  }

  fingerprint(): Promise<Fingerprint> {
    return this.#api.getOwnDeviceKeys();
  }

  /** To-device messages, device lists and key counts of one sync response, durable when it returns. */
  async processSync(changes: CryptoChanges): Promise<void> {
    await this.#backend.processSyncChanges(changes);
  }

  /** Tells of room keys from now on, from whichever side they come. */
  onRoomKeys(listener: (keys: readonly ArrivedKey[]) => void): void {
    const backend = this.#backend;
    const pass = backend.onRoomKeysUpdated.bind(backend);
    // The crypto asks for this method anew each time, and raises no event.
    backend.onRoomKeysUpdated = async (keys) => {
      listener(
        keys.flatMap(({ roomId: id, sessionId }) => {
          const roomId = RoomId.safeParse(id.toString()).data;
          return roomId === undefined ? [] : [{ roomId, sessionId }];
        }),
      );
      await pass(keys);
    };
  }

  /** Sends what the response made necessary: key uploads, key queries, claims. */
  syncCompleted(): void {
    this.#backend.onSyncCompleted({});
  }

  /** Makes a room's encryption known; needed once per process before its messages can be encrypted. */
  async configureRoom(room: RoomView, encryption: Record<string, unknown>): Promise<void> {
    const event = new MatrixEvent({
      type: "m.room.encryption",
      state_key: "",
      room_id: room.roomId,
      content: encryption,
    });
    await this.#backend.onCryptoEvent(room, event);
  }

  /** Starts to track the devices of somebody who joined, or was invited where that counts. */
  memberChanged(roomId: RoomId, userId: UserId, membership: string): void {
    const event = new MatrixEvent({
      type: "m.room.member",
      state_key: userId,
      room_id: roomId,
      content: { membership },
    });
    this.#backend.onRoomMembership(event, { userId, membership });
  }

  /**
   * Devices that their owners have not signed, as far as this account knows people's devices; whoever
   * has none is left out.
   */
  async unsignedDevices(
    people: readonly UserId[],
  ): Promise<ReadonlyMap<UserId, readonly DeviceId[]>> {
    const unsigned = new Map<UserId, readonly DeviceId[]>();
    const known = await this.#api.getUserDeviceInfo([...people]);
    for (const userId of people) {
      const doubtful: DeviceId[] = [];
      for (const [deviceId, { dehydrated }] of known.get(userId) ?? []) {
        if (dehydrated) continue;
        const status = await this.#api.getDeviceVerificationStatus(userId, deviceId);
        if (status?.signedByOwner === false)
          doubtful.push(DeviceId.safeParse(deviceId).data ?? oddDevice);
      }
      if (doubtful.length > 0) unsigned.set(userId, doubtful);
    }
    return unsigned;
  }

  /** The next message of the room gets a new key, which whoever left does not receive. */
  async rotateRoomKey(roomId: RoomId): Promise<void> {
    await this.#api.forceDiscardSession(roomId);
  }

  /**
   * Encrypts an event for everybody in the room.
   *
   * @returns the content to send as `m.room.encrypted`
   * @throws UnreachableError if the homeserver did not answer what had to be asked before
   * @throws if the room was not configured, or what came out is no ciphertext
   */
  async encrypt(
    room: RoomView,
    type: string,
    content: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const event = new MatrixEvent({ type, room_id: room.roomId, content });
    await this.#backend.encryptEvent(event, room).catch((cause: unknown) => {
      // Keys could not be claimed or handed out: nothing is known against the message itself.
      if (!isUnanswered(cause)) throw cause;
      throw new UnreachableError("the keys of the room could not be handed out", { cause });
    });
    const wire = requireCiphertext(event);
    // A relation stands outside the ciphertext, where servers and clients look for it.
    const relation = content["m.relates_to"];
    return relation === undefined ? wire : { ...wire, "m.relates_to": relation };
  }

  async decrypt(raw: RawEvent): Promise<Decrypted> {
    const event = sdkEvent(raw);
    await this.#client.decryptEventIfNeeded(event);
    if (event.isDecryptionFailure()) {
      // Otherwise every attempt would stay in memory and be repeated by the SDK.
      this.#backend.eventDecryptor.removeEventFromPendingList(event);
      return { kind: "undecryptable", code: event.decryptionFailureReason ?? "UNKNOWN_ERROR" };
    }
    const clear = clearParts(event);
    if (isVerificationEvent(clear)) await this.receiveVerification({ ...raw, ...clear });
    return { kind: "message", ...clear, trust: await this.#trust.of(event, raw.sender) };
  }

  /**
   * Takes a verification event of a room, in clear text. Requests older than ten minutes are ignored
   * ("Key verification framework"); a failure ends the verification and nothing else.
   */
  async receiveVerification(raw: RawEvent): Promise<void> {
    try {
      await this.#backend.onLiveEventFromSync(sdkEvent(raw));
    } catch {
      this.#log("warn", "verification");
    }
  }

  async stop(): Promise<void> {
    // The SDK looks for the backup when it starts, and would go on with what is freed here.
    await Promise.race([this.#firstBackupCheck, delay(stopPatienceMs, undefined, { ref: false })]);
    this.#client.stopClient();
  }
}

function sdkEvent({ unsigned, ...event }: RawEvent): MatrixEvent {
  return new MatrixEvent({ ...event, ...(unsigned === undefined ? {} : { unsigned }) });
}
