import type { Kysely } from "kysely";
import { z } from "zod";
import { ensureAccount, readRecoveryKey, saveRecoveryKey } from "../../db/repositories/accounts.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { DeviceId, UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import { AccountCrypto, type Fingerprint, type RecoveryKeyStore } from "../crypto/crypto.ts";
import type { SdkLogSink } from "../crypto/sdk-logger.ts";
import { AccountHttp } from "../http.ts";
import { provisionAccount } from "../provisioning/accounts.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface OpenSessionOptions
  extends Pick<SessionOptions, "ownAccounts" | "mayInvite" | "onSynced" | "now"> {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly homeserverUrl: string;
  /** Token of the application service. */
  readonly token: string;
  readonly userId: UserId;
  readonly displayName: string;
  readonly log: SdkLogSink;
}

/**
 * Brings an account to life: account and device on the homeserver, crypto store, identity. After a
 * restart everything is found as it was, and the account is the same device.
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
  const { db, vault, userId, homeserverUrl, token } = options;
  const { deviceId, storeKey } = await ensureAccount(db, vault, options.now(), userId);
  await provisionAccount({ ...options, deviceId });

  const http = new AccountHttp(homeserverUrl, token, userId, deviceId);
  const recovery: RecoveryKeyStore = {
    read: () => readRecoveryKey(db, vault, userId),
    write: (recoveryKey) => saveRecoveryKey(db, vault, userId, recoveryKey),
  };
  const crypto = await AccountCrypto.open(
    { homeserverUrl, token, userId, deviceId, storeKey, log: options.log },
    recovery,
  );
  await checkPublishedKeys(http, userId, deviceId, await crypto.fingerprint());
  await crypto.ensureIdentity(recovery);
  return new Session({ ...options, http, crypto, deviceId });
}

const PublishedKeys = z.object({
  device_keys: z.record(
    UserId,
    z.record(DeviceId, z.object({ keys: z.record(z.string(), z.string()) })),
  ),
});

/**
 * The homeserver silently keeps the first keys of a device. If they are not ours, the store was lost
 * or belongs to another device, and whatever we sent would be unreadable.
 */
async function checkPublishedKeys(
  http: AccountHttp,
  userId: UserId,
  deviceId: DeviceId,
  own: Fingerprint,
): Promise<void> {
  const { device_keys: devices } = await http.json(
    "POST",
    "/_matrix/client/v3/keys/query",
    PublishedKeys,
    { body: { device_keys: { [userId]: [deviceId] } } },
  );
  const published = devices[userId]?.[deviceId]?.keys[`ed25519:${deviceId}`];
  if (published === undefined || published === own.ed25519) return;
  throw new RogatoryError(
    "identity.mismatch",
    `The homeserver knows other keys for ${userId}, device ${deviceId}, than the database holds. Restore the database that belongs to this device; never run two copies of it.`,
  );
}
