import { z } from "zod";
import type { DeviceId, UserId } from "../../domain/ids.ts";
import { IDBFactory } from "../indexeddb/index.ts";

/** By user and device, never by token: another device must never open this store. */
export function storePrefix(userId: UserId, deviceId: DeviceId): string {
  return `${prefixOfAccount(userId)}${deviceId}`;
}

function prefixOfAccount(userId: UserId): string {
  return `rogatory/${userId}/`;
}

/** Whether the device has a crypto store. Opening one that is not there makes an empty one. */
export async function hasStore(userId: UserId, deviceId: DeviceId): Promise<boolean> {
  return (await storesOf(userId)).some((name) => isOf(name, userId, deviceId));
}

/** Deletes the stores of devices that the account is no more. None of them may be open. */
export async function deleteOtherStores(userId: UserId, keep: DeviceId): Promise<void> {
  for (const name of await storesOf(userId)) {
    if (!isOf(name, userId, keep)) await deleteStore(name);
  }
}

async function storesOf(userId: UserId): Promise<readonly string[]> {
  const databases = await installed().databases();
  return databases
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefixOfAccount(userId)));
}

/** The Rust store adds `::matrix-sdk-crypto` and `::matrix-sdk-crypto-meta` to its prefix. */
function isOf(name: string, userId: UserId, deviceId: DeviceId): boolean {
  return name.startsWith(`${storePrefix(userId, deviceId)}::`);
}

function deleteStore(name: string): Promise<void> {
  const request = installed().deleteDatabase(name);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(new Error("a crypto store was not deleted"));
  });
}

/** `globalThis.indexedDB`, as `installIndexedDb` has put it there. */
function installed(): IDBFactory {
  return z.instanceof(IDBFactory).parse(Reflect.get(globalThis, "indexedDB"));
}
