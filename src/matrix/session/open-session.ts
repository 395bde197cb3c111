import type { Kysely } from "kysely";
import { ensureAccount, readRecoveryKey, saveRecoveryKey } from "../../db/repositories/accounts.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import { AccountCrypto } from "../crypto/crypto.ts";
import type { SdkLogSink } from "../crypto/sdk-logger.ts";
import { hasStore } from "../crypto/stores.ts";
import { AccountHttp } from "../http.ts";
import { patiently } from "../patience.ts";
import { provisionAccount } from "../provisioning/accounts.ts";
import { establishIdentity, type RecoveryKeyStore } from "./establish-identity.ts";
import { Session, type SessionOptions } from "./session.ts";

export interface OpenSessionOptions
  extends Pick<SessionOptions, "ownAccounts" | "mayInvite" | "onArrivals" | "onSynced" | "now"> {
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

/**
 * Brings an account to life: account and device on the homeserver, crypto store, identity. After a
 * restart everything is found as it was, and the account is the same device.
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
  const { db, vault, userId, homeserverUrl, token } = options;
  const { deviceId, storeKey } = await ensureAccount(db, vault, options.now(), userId);
  await patiently(() => provisionAccount({ ...options, deviceId }));

  const http = new AccountHttp(homeserverUrl, token, userId, deviceId);
  const recovery = recoveryKeyStore(db, vault, userId);
  const storeFound = await hasStore(userId, deviceId);
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
  try {
    const account = { userId, deviceId, bot: options.bot, storeFound };
    await patiently(() => establishIdentity({ http, crypto, recovery, account }));
  } catch (error) {
    crypto.stop();
    throw error;
  }
  return new Session({ ...options, http, crypto, deviceId });
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
