import {
  ensureAccount,
  readRecoveryKey,
  replaceDevice,
  saveRecoveryKey,
} from "../../db/repositories/accounts.ts";
import { retryUndecryptable } from "../../db/repositories/inbox.ts";
import { appendToJournal } from "../../db/repositories/journal.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { DeviceId } from "../../domain/ids.ts";
import { AccountCrypto, type Fingerprint } from "../crypto/crypto.ts";
import { checkRecoveryKey } from "../crypto/identity.ts";
import { deleteOtherStores } from "../crypto/stores.ts";
import { AccountHttp } from "../http.ts";
import { provisionAccount } from "../provisioning/accounts.ts";
import { establishIdentity } from "./establish-identity.ts";
import { findEchoes } from "./find-echoes.ts";
import { type OpenSessionOptions, recoveryKeyStore } from "./open-session.ts";
import { deleteOtherDevices, listDevices, readPublishedIdentity } from "./published-identity.ts";
import { trackPeople } from "./track-people.ts";

export interface RecoverOptions
  extends Pick<
    OpenSessionOptions,
    "db" | "vault" | "homeserverUrl" | "token" | "userId" | "displayName" | "bot" | "log" | "now"
  > {
  /** If the one in the database is lost or not the right one. */
  readonly recoveryKey: string | undefined;
}

export interface Recovered {
  readonly deviceId: DeviceId;
  readonly fingerprint: Fingerprint;
  /** Room keys that the backup held, and how many of them were read. */
  readonly keys: { readonly total: number; readonly imported: number };
  readonly deletedDevices: readonly DeviceId[];
}

/**
 * Makes an account a new device of the same identity, out of the recovery key alone: for when its
 * crypto store was lost, or is not the one that the homeserver knows. Everybody who had verified the
 * bot still has. The account must not be in use. After an interruption it is done again.
 *
 * @throws RogatoryError `recovery.*` before anything was changed
 */
export async function recoverAccount(options: RecoverOptions): Promise<Recovered> {
  const { db, vault, userId, homeserverUrl, token } = options;
  const old = await ensureAccount(db, vault, options.now(), userId);
  await provisionAccount({ ...options, deviceId: old.deviceId });
  const recoveryKey = await chooseRecoveryKey(options, old.deviceId);
  // Also with devices that this database does not know: it may be older than what they have sent. Its
  // own device has come back above if it was deleted, and what it sent is still known to be its own.
  for (const device of await listDevices(new AccountHttp(homeserverUrl, token, userId))) {
    await findEchoes({ ...options, http: new AccountHttp(homeserverUrl, token, userId, device) });
  }

  await db.transaction().execute(async (transaction) => {
    await replaceDevice(transaction, vault, userId);
    if (recoveryKey !== undefined) await saveRecoveryKey(transaction, vault, userId, recoveryKey);
    await appendToJournal(transaction, options, {
      at: options.now(),
      actor: "operator",
      caseId: undefined,
      act: "bot.recover",
      details: { account: userId, givenKey: options.recoveryKey !== undefined },
    });
  });

  const { deviceId, storeKey } = await ensureAccount(db, vault, options.now(), userId);
  await provisionAccount({ ...options, deviceId });
  const http = new AccountHttp(homeserverUrl, token, userId, deviceId);
  const recovery = recoveryKeyStore(db, vault, userId);
  const crypto = await AccountCrypto.open(
    { homeserverUrl, token, userId, deviceId, storeKey, log: options.log },
    recovery,
  );
  try {
    const account = { userId, deviceId, bot: options.bot, storeFound: false };
    await establishIdentity({ http, crypto, recovery, account, replaceForeignBackup: true });
    await trackPeople(db, userId, crypto);
    const keys = await crypto.identity.restoreBackup();
    // The tracking is written in the background: whoever was not asked for before, is now.
    await crypto.identity.exchangeKeys();
    const fingerprint = await crypto.fingerprint();
    // Only now, when the new device stands: the old one may have been the last with the keys.
    const deletedDevices = await deleteOtherDevices(http, deviceId);
    await deleteOtherStores(userId, deviceId);
    await db.transaction().execute((transaction) => retryUndecryptable(transaction, userId));
    return { deviceId, fingerprint, keys, deletedDevices };
  } finally {
    await crypto.stop();
  }
}

/** The key that is to be kept from now on; undefined if the account has no identity to save yet. */
async function chooseRecoveryKey(
  options: RecoverOptions,
  oldDevice: DeviceId,
): Promise<string | undefined> {
  const { db, vault, userId, homeserverUrl, token, bot } = options;
  const recoveryKey =
    options.recoveryKey === undefined
      ? await readRecoveryKey(db, vault, userId)
      : checkRecoveryKey(options.recoveryKey);
  switch (await AccountCrypto.judgeRecoveryKey(options, recoveryKey)) {
    case "opens":
      return recoveryKey;
    case "does not open":
      throw new RogatoryError(
        "recovery.key",
        recoveryKey === undefined
          ? `The recovery key of ${userId} is not in the database. Give the one that was kept elsewhere: rogatory bot recover ${bot} --recovery-key-file FILE`
          : `This recovery key does not open the secret storage of ${userId}. Give the right one: rogatory bot recover ${bot} --recovery-key-file FILE`,
      );
    case "no secret storage": {
      const http = new AccountHttp(homeserverUrl, token, userId);
      const { master } = await readPublishedIdentity(http, userId, oldDevice);
      if (master === undefined) return recoveryKey;
      throw new RogatoryError(
        "recovery.impossible",
        `${userId} has an identity on the homeserver, but no secret storage to recover it from. Give the bot another account name in rogatory.yaml (bots.${bot}).`,
      );
    }
  }
}
