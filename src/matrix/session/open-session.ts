import type { Kysely } from "kysely";
import { ensureAccount, readRecoveryKey, saveRecoveryKey } from "../../db/repositories/accounts.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import { AccountCrypto } from "../crypto/crypto.ts";
import type { SdkLogSink } from "../crypto/sdk-logger.ts";
import { hasStore } from "../crypto/stores.ts";
import { AccountHttp, HomeserverError } from "../http.ts";
import { patiently } from "../patience.ts";
import type { ProvisionedAccount } from "../provisioning/accounts.ts";
import { checkIdentity, completeIdentity, type RecoveryKeyStore } from "./establish-identity.ts";
import { whoAmI } from "./published-identity.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface OpenSessionOptions
  extends Pick<
    SessionOptions,
    "ownAccounts" | "mayAccept" | "onArrivals" | "guards" | "onSynced" | "now"
  > {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly homeserverUrl: string;
  /** Token of the application service. */
  readonly token: string;
  readonly userId: UserId;
  readonly displayName: string;
  /** A name under which `rogatory bot` finds the account, for sentences. */
  readonly bot: string;
  readonly log: SdkLogSink;
}

export interface OpenedSession {
  readonly session: Session;
  /**
   * Completes the account's identity. After a restart there is usually nothing left to complete, and
   * it takes as long as everything else: it is for when the account is already at work.
   */
  complete(): Promise<void>;
}

/**
 * Brings an account to life: account and device on the homeserver, crypto store, identity. After a
 * restart everything is found as it was, and the account is the same device.
 */
export async function openSession(options: OpenSessionOptions): Promise<OpenedSession> {
  const { db, vault, userId, homeserverUrl, token } = options;
  const { deviceId, storeKey } = await ensureAccount(db, vault, options.now(), userId);
  const http = new AccountHttp(homeserverUrl, token, userId, deviceId);
  const provisioning = patiently(() => ensureProvisioned(http, { ...options, deviceId }));
  // Met below: a store that is there can be opened meanwhile, without the homeserver.
  provisioning.catch(() => {});
  const recovery = recoveryKeyStore(db, vault, userId);
  const storeFound = await hasStore(userId, deviceId);
  if (!storeFound) await provisioning;
  const crypto = await AccountCrypto.open(
    { homeserverUrl, token, userId, deviceId, storeKey, log: options.log },
    recovery,
  ).catch((cause: unknown) => {
    // A panic is no damage to the store: the process starts again.
    if (!storeFound || isPanic(cause)) throw cause;
    throw new RogatoryError(
      "identity.store-unreadable",
      `The crypto store of ${userId} cannot be opened. If the database is complete, report the log; if a part of it was lost, stop the bots and run: rogatory bot recover ${options.bot}`,
      { cause },
    );
  });
  const account = { userId, deviceId, bot: options.bot, storeFound };
  const work = { http, crypto, recovery, account };
  try {
    await provisioning;
    const isReliable = await patiently(() => checkIdentity(work));
    if (!isReliable) await patiently(() => completeIdentity(work));
    return {
      session: new Session({ ...options, http, crypto, deviceId }),
      complete: async () => {
        if (isReliable) await completeIdentity(work);
      },
    };
  } catch (error) {
    await crypto.stop();
    throw error;
  }
}

/** Loads what makes accounts only where there is none: it is a fifth of the program. */
async function ensureProvisioned(http: AccountHttp, account: ProvisionedAccount): Promise<void> {
  if (await isProvisioned(http)) return;
  const { provisionAccount } = await import("../provisioning/accounts.ts");
  await provisionAccount(account);
}

/** The homeserver refuses an account or a device that it does not know (403 or 400). */
async function isProvisioned(http: AccountHttp): Promise<boolean> {
  try {
    await whoAmI(http);
    return true;
  } catch (error) {
    if (error instanceof HomeserverError && error.status < 429) return false;
    throw error;
  }
}

/** WebAssembly.RuntimeError, by name: the types of Node do not know the class. */
function isPanic(error: unknown): boolean {
  return error instanceof Error && error.name === "RuntimeError";
}

export function recoveryKeyStore(
  db: Kysely<Database>,
  vault: Vault,
  userId: UserId,
): RecoveryKeyStore {
  return {
    read: () => readRecoveryKey(db, vault, userId),
    write: (recoveryKey) => saveRecoveryKey(db, vault, userId, recoveryKey),
  };
}
