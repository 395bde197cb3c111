import { randomBytes } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { z } from "zod";
import { DeviceId, type UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import type { Database } from "../schema.ts";
import { placeOfRecoveryKey, placeOfStoreKey } from "./accounts.ts";

type Reader = Kysely<Database> | Transaction<Database>;

/** The new device of an account, from the wish for it until the former one is gone. */
export interface DeviceRenewal {
  readonly deviceId: DeviceId;
  readonly storeKey: Buffer;
  /** Of the secret storage that is made anew; undefined until that begins. */
  readonly recoveryKey: string | undefined;
  /** The account uses the new device; what is left is to delete the former one everywhere. */
  readonly inUse: boolean;
}

/** Asks for a new device, which the next start makes before it syncs. Asking again changes nothing. */
export async function wantRenewal(
  db: Transaction<Database>,
  vault: Vault,
  userId: UserId,
): Promise<void> {
  await db
    .insertInto("device_renewal")
    .values({
      user_id: userId,
      device_id: DeviceId.parse(`RGT${randomBytes(5).toString("hex").toUpperCase()}`),
      store_key: vault.system.sealBytes(place("store_key", userId), randomBytes(32)),
      recovery_key: null,
      retired_device_id: null,
    })
    .onConflict((conflict) => conflict.column("user_id").doNothing())
    .execute();
}

export async function listRenewals(db: Reader): Promise<readonly UserId[]> {
  const rows = await db.selectFrom("device_renewal").select("user_id").orderBy("user_id").execute();
  return rows.map((row) => row.user_id);
}

export async function findRenewal(
  db: Reader,
  vault: Vault,
  userId: UserId,
): Promise<DeviceRenewal | undefined> {
  const row = await db
    .selectFrom("device_renewal")
    .selectAll()
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    deviceId: row.device_id,
    storeKey: vault.system.openBytes(place("store_key", userId), row.store_key),
    recoveryKey:
      row.recovery_key === null
        ? undefined
        : vault.system.open(place("recovery_key", userId), row.recovery_key, z.string()),
    inUse: row.retired_device_id !== null,
  };
}

/** Keeps the key of the new secret storage, before the homeserver learns of it. */
export async function keepRenewedRecoveryKey(
  db: Reader,
  vault: Vault,
  userId: UserId,
  recoveryKey: string,
): Promise<void> {
  await db
    .updateTable("device_renewal")
    .set({ recovery_key: vault.system.seal(place("recovery_key", userId), recoveryKey) })
    .where("user_id", "=", userId)
    .execute();
}

/** From now on the account is the new device. Its place in the stream of events stays. */
export async function switchDevice(
  db: Transaction<Database>,
  vault: Vault,
  userId: UserId,
): Promise<void> {
  const renewal = await findRenewal(db, vault, userId);
  if (renewal === undefined || renewal.inUse || renewal.recoveryKey === undefined) {
    throw new TypeError("there is no new device to switch to");
  }
  const { device_id: former } = await db
    .selectFrom("account")
    .select("device_id")
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  await db
    .updateTable("account")
    .set({
      device_id: renewal.deviceId,
      store_key: vault.system.sealBytes(placeOfStoreKey(userId), renewal.storeKey),
      recovery_key: vault.system.seal(placeOfRecoveryKey(userId), renewal.recoveryKey),
    })
    .where("user_id", "=", userId)
    .execute();
  await db
    .updateTable("device_renewal")
    .set({ retired_device_id: former })
    .where("user_id", "=", userId)
    .execute();
}

export async function finishRenewal(db: Reader, userId: UserId): Promise<void> {
  await db.deleteFrom("device_renewal").where("user_id", "=", userId).execute();
}

function place(column: "store_key" | "recovery_key", userId: UserId) {
  return { table: "device_renewal", column, row: userId } as const;
}
