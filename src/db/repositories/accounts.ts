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
      device_id: DeviceId.parse(`RGT${randomBytes(5).toString("hex").toUpperCase()}`),
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

function placeOfStoreKey(userId: UserId) {
  return { table: "account", column: "store_key", row: userId } as const;
}

function placeOfRecoveryKey(userId: UserId) {
  return { table: "account", column: "recovery_key", row: userId } as const;
}
