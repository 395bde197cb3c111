import { randomBytes } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { DeviceId, type UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import type { Database } from "../schema.ts";

export interface StoredAccount {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** Encrypts the crypto store of this device: 32 bytes. */
  readonly storeKey: Buffer;
}

/** The account's row; the first call chooses its device, and from then on it is always this device. */
export async function ensureAccount(
  db: Kysely<Database>,
  vault: Vault,
  now: Temporal.Instant,
  userId: UserId,
): Promise<StoredAccount> {
  await db
    .insertInto("account")
    .values({
      user_id: userId,
      device_id: newDeviceId(),
      sync_token: null,
      store_key: vault.system.sealBytes(placeOfStoreKey(userId), randomBytes(32)),
      recovery_key: null,
      created_at: now.toString(),
    })
    .onConflict((conflict) => conflict.column("user_id").doNothing())
    .execute();
  const row = await db
    .selectFrom("account")
    .selectAll()
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  return {
    userId,
    deviceId: row.device_id,
    storeKey: vault.system.openBytes(placeOfStoreKey(userId), row.store_key),
  };
}

/** The account as far as anybody may see it; undefined before its first start. */
export async function findAccount(
  db: Kysely<Database>,
  userId: UserId,
): Promise<{ readonly deviceId: DeviceId; readonly hasRecoveryKey: boolean } | undefined> {
  const row = await db
    .selectFrom("account")
    .select(["device_id", "recovery_key"])
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { deviceId: row.device_id, hasRecoveryKey: row.recovery_key !== null };
}

/**
 * Makes the account another device with an empty store. Its place in the stream of events stays: what
 * was said since is still to be read.
 */
export async function replaceDevice(
  db: Transaction<Database>,
  vault: Vault,
  userId: UserId,
): Promise<void> {
  await db
    .updateTable("account")
    .set({
      device_id: newDeviceId(),
      store_key: vault.system.sealBytes(placeOfStoreKey(userId), randomBytes(32)),
    })
    .where("user_id", "=", userId)
    .execute();
}

export async function readSyncToken(
  db: Kysely<Database>,
  userId: UserId,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("account")
    .select("sync_token")
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  return row.sync_token ?? undefined;
}

export async function saveSyncToken(
  db: Transaction<Database>,
  userId: UserId,
  token: string,
): Promise<void> {
  await db
    .updateTable("account")
    .set({ sync_token: token })
    .where("user_id", "=", userId)
    .execute();
}

export async function readRecoveryKey(
  db: Kysely<Database>,
  vault: Vault,
  userId: UserId,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("account")
    .select("recovery_key")
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  if (row.recovery_key === null) return undefined;
  return vault.system.open(placeOfRecoveryKey(userId), row.recovery_key, z.string());
}

export async function saveRecoveryKey(
  db: Kysely<Database>,
  vault: Vault,
  userId: UserId,
  recoveryKey: string,
): Promise<void> {
  await db
    .updateTable("account")
    .set({ recovery_key: vault.system.seal(placeOfRecoveryKey(userId), recoveryKey) })
    .where("user_id", "=", userId)
    .execute();
}

function newDeviceId(): DeviceId {
  return DeviceId.parse(`RGT${randomBytes(5).toString("hex").toUpperCase()}`);
}

export function placeOfStoreKey(userId: UserId) {
  return { table: "account", column: "store_key", row: userId } as const;
}

export function placeOfRecoveryKey(userId: UserId) {
  return { table: "account", column: "recovery_key", row: userId } as const;
}
