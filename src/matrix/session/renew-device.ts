import { z } from "zod";
import { ensureAccount, readRecoveryKey, readSyncToken } from "../../db/repositories/accounts.ts";
import {
  type DeviceRenewal,
  findRenewal,
  finishRenewal,
  keepRenewedRecoveryKey,
  switchDevice,
} from "../../db/repositories/device-renewals.ts";
import type { DeviceId } from "../../domain/ids.ts";
import { AccountCrypto } from "../crypto/crypto.ts";
import type { RoomKey } from "../crypto/identity.ts";
import { deleteOtherStores, hasStore } from "../crypto/stores.ts";
import { AccountHttp, UnreachableError } from "../http.ts";
import { provisionAccount } from "../provisioning/accounts.ts";
import { establishIdentity, type RecoveryKeyStore } from "./establish-identity.ts";
import { findEchoes } from "./find-echoes.ts";
import { type OpenSessionOptions, recoveryKeyStore } from "./open-session.ts";
import { deleteOtherDevices } from "./published-identity.ts";
import { readSyncResponse, type SyncResponse } from "./sync-response.ts";
import { trackPeople } from "./track-people.ts";

export interface RenewOptions
  extends Pick<
    OpenSessionOptions,
    "db" | "vault" | "homeserverUrl" | "token" | "userId" | "displayName" | "bot" | "log" | "now"
  > {
  /** Whose keys the new device must not have. */
  isForgotten(roomId: string): boolean;
}

export interface RenewedDevice {
  readonly device: DeviceId;
  /** Keys of messages that the new device has and has not; undefined if an earlier attempt made it. */
  readonly keys: { readonly kept: number; readonly dropped: number } | undefined;
}

/**
 * Makes an account a new device of the same identity that holds the room keys of all rooms but the
 * forgotten ones, with a new recovery key and a new key backup; the former device, its store and its
 * backup are deleted. The crypto store hashes what it stores under, so that single rooms cannot be
 * deleted from it. The account must not be in use, and `globalThis.indexedDB` must be installed.
 *
 * After an interruption it goes on where it was; nothing is lost at any point.
 */
export async function renewDevice(options: RenewOptions): Promise<RenewedDevice> {
  const { db, vault, userId, homeserverUrl, token } = options;
  const renewal = await findRenewal(db, vault, userId);
  if (renewal === undefined) throw new TypeError("no new device was asked for");
  const keys = renewal.inUse ? undefined : await makeDevice(options, renewal);
  const http = new AccountHttp(homeserverUrl, token, userId, renewal.deviceId);
  await deleteOtherDevices(http, renewal.deviceId);
  await deleteOtherStores(userId, renewal.deviceId);
  await finishRenewal(db, userId);
  return { device: renewal.deviceId, keys };
}

async function makeDevice(options: RenewOptions, renewal: DeviceRenewal) {
  const { db, vault, userId } = options;
  const recovery = await recoveryDuring(options, renewal);
  const former = await ensureAccount(db, vault, options.now(), userId);
  await using old = await openDevice(options, former, recovery);
  await using fresh = await openDevice(options, renewal, recovery);
  // From here on people send keys to the new device too; what came before is fetched by the old one.
  await drainKeys(old, await readSyncToken(db, userId));
  const all = await old.crypto.identity.exportRoomKeys();
  const kept = all.filter((key: RoomKey) => !options.isForgotten(key.room_id));
  await fresh.crypto.identity.importRoomKeys(kept);
  await trackPeople(db, userId, fresh.crypto);

  const recoveryKey = renewal.recoveryKey ?? (await fresh.crypto.identity.newRecoveryKey());
  await keepRenewedRecoveryKey(db, vault, userId, recoveryKey);
  recovery.use(recoveryKey);
  await fresh.crypto.identity.renewSecretStorage(recoveryKey);
  // The tracking above is written in the background: whoever was not asked for then, is now.
  await fresh.crypto.identity.exchangeKeys();
  // Last, so that nothing that an ended process had still under way arrives afterwards.
  await findEchoes({ ...options, http: old.http });
  await db.transaction().execute((transaction) => switchDevice(transaction, vault, userId));
  return { kept: kept.length, dropped: all.length - kept.length };
}

interface ChangingRecoveryKey extends RecoveryKeyStore {
  readOther(): Promise<string | undefined>;
  /** Secret storage is made anew with this key. */
  use(recoveryKey: string): void;
}

/** An interrupted attempt may have made secret storage anew: the key is the one that opens it. */
async function recoveryDuring(
  options: RenewOptions,
  renewal: DeviceRenewal,
): Promise<ChangingRecoveryKey> {
  const { db, vault, userId } = options;
  const present = recoveryKeyStore(db, vault, userId);
  let next =
    renewal.recoveryKey !== undefined &&
    (await AccountCrypto.judgeRecoveryKey(options, renewal.recoveryKey)) === "opens"
      ? renewal.recoveryKey
      : undefined;
  return {
    read: async () => next ?? (await present.read()),
    readOther: async () => (next === undefined ? undefined : readRecoveryKey(db, vault, userId)),
    write: (recoveryKey) => present.write(recoveryKey),
    use(recoveryKey) {
      next = recoveryKey;
    },
  };
}

interface OpenDevice extends AsyncDisposable {
  readonly http: AccountHttp;
  readonly crypto: AccountCrypto;
}

async function openDevice(
  options: RenewOptions,
  { deviceId, storeKey }: { readonly deviceId: DeviceId; readonly storeKey: Buffer },
  recovery: RecoveryKeyStore,
): Promise<OpenDevice> {
  const { userId, homeserverUrl, token, bot, log } = options;
  await provisionAccount({ ...options, deviceId });
  const http = new AccountHttp(homeserverUrl, token, userId, deviceId);
  const storeFound = await hasStore(userId, deviceId);
  const crypto = await AccountCrypto.open(
    { homeserverUrl, token, userId, deviceId, storeKey, log },
    recovery,
  );
  const account = { userId, deviceId, bot, storeFound };
  try {
    await establishIdentity({ http, crypto, recovery, account });
  } catch (error) {
    await crypto.stop();
    throw error;
  }
  return { http, crypto, [Symbol.asyncDispose]: () => crypto.stop() };
}

const toDeviceOnly = JSON.stringify({
  presence: { types: [] },
  account_data: { types: [] },
  room: { rooms: [] },
});

/** Takes the messages to the device that wait on the homeserver, without moving the account's place. */
async function drainKeys({ http, crypto }: OpenDevice, from: string | undefined): Promise<void> {
  for (let since = from; since !== undefined; ) {
    const json = await http.json("GET", "/_matrix/client/v3/sync", z.unknown(), {
      query: { filter: toDeviceOnly, timeout: "0", since },
    });
    const response: SyncResponse | undefined = readSyncResponse(json);
    if (response === undefined) throw new UnreachableError("the answer is no response to a sync");
    await crypto.processSync({
      toDeviceEvents: response.to_device.events,
      deviceLists: response.device_lists,
      oneTimeKeysCounts: response.device_one_time_keys_count,
      unusedFallbackKeys: response.device_unused_fallback_key_types,
    });
    since =
      response.to_device.events.length + response.malformed === 0 ? undefined : response.next_batch;
  }
}
