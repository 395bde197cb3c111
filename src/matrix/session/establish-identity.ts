import { RogatoryError } from "../../domain/errors.ts";
import type { AccountCrypto } from "../crypto/crypto.ts";
import { type AccountHttp, UnreachableError } from "../http.ts";
import { deviceDeleted, judgeIdentity, replaced, type StoredIdentity } from "./identity-check.ts";
import {
  type PublishedIdentity,
  publishSigningKeys,
  readBackupVersion,
  readPublishedIdentity,
  whoAmI,
} from "./published-identity.ts";

/** The recovery key of the account's secret storage, kept sealed in the database. */
export interface RecoveryKeyStore {
  read(): Promise<string | undefined>;
  /** Must be durable when it returns: the server learns of the key only afterwards. */
  write(recoveryKey: string): Promise<void>;
}

export interface IdentityWork {
  readonly http: AccountHttp;
  readonly crypto: AccountCrypto;
  readonly recovery: RecoveryKeyStore;
  readonly account: Pick<StoredIdentity, "userId" | "deviceId" | "bot" | "storeFound">;
  /** A backup that nothing of ours can read is replaced by a new one instead of refused. */
  readonly replaceForeignBackup?: boolean;
}

/**
 * Checks the account's identity and completes what an interrupted start has left half done. Repeating
 * it is harmless; an identity that exists is never replaced.
 *
 * @throws RogatoryError `identity.*` with what to do, before anything was changed on the homeserver
 */
export async function establishIdentity(work: IdentityWork): Promise<void> {
  await checkIdentity(work);
  await completeIdentity(work);
}

/**
 * Whether the account is who the homeserver says it is. Nothing may be sent before this was asked.
 *
 * @returns whether people can already rely on what it sends: the device is published and signed, and
 * its keys are here. What `completeIdentity` may then still find can wait until there is time.
 * @throws RogatoryError `identity.*` with what to do
 */
export async function checkIdentity(work: IdentityWork): Promise<boolean> {
  const { http, crypto, recovery, account } = work;
  const { userId, deviceId } = account;
  const asking = await whoAmI(http);
  if (asking.user_id !== userId || (asking.device_id ?? deviceId) !== deviceId) {
    throw new RogatoryError(
      "identity.wrong-account",
      `The homeserver takes ${userId}, device ${deviceId}, for ${asking.user_id}, device ${asking.device_id ?? "none"}: check homeserver.url and that this homeserver supports application services with devices (Synapse 1.141 or later).`,
    );
  }
  const stored: StoredIdentity = {
    ...account,
    fingerprint: await crypto.fingerprint(),
    held: await crypto.identity.held(),
    hasRecoveryKey: (await recovery.read()) !== undefined,
  };
  const published = await readPublishedIdentity(http, userId, deviceId);
  const obstacle = judgeIdentity(stored, published);
  if (obstacle !== undefined) throw obstacle;
  return published.deviceSigned && stored.held !== undefined && stored.hasRecoveryKey;
}

/** Publishes, signs, keeps and backs up whatever is not so yet; `checkIdentity` comes first. */
export async function completeIdentity(work: IdentityWork): Promise<void> {
  const { crypto, recovery, account } = work;
  const held = await crypto.identity.held();
  const { master } = await uploadDeviceKeys(work);
  if ((await crypto.identity.judgeRecoveryKey(await recovery.read())) === "does not open") {
    throw locked(account);
  }
  await crypto.identity.bootstrap().catch((cause: unknown) => {
    throw held === undefined && master !== undefined ? locked(account, cause) : cause;
  });
  await publishAgain(work);
  await keepSecrets(work);
  await ensureBackup(work);
  // The backup's key may have come after the rest.
  await keepSecrets(work);
  crypto.syncCompleted();
}

async function uploadDeviceKeys({
  http,
  crypto,
  account,
}: IdentityWork): Promise<PublishedIdentity> {
  for (const _attempt of [1, 2]) {
    await crypto.identity.exchangeKeys();
    const published = await readPublishedIdentity(http, account.userId, account.deviceId);
    if (published.device !== undefined) return published;
  }
  // The store knows that its keys were uploaded, and does not do it again.
  throw deviceDeleted(account);
}

function locked({ userId, bot }: IdentityWork["account"], cause?: unknown): RogatoryError {
  return new RogatoryError(
    "identity.locked",
    `The recovery key in the database does not open the secret storage of ${userId}, or the identity in it is not the published one. With the right recovery key: rogatory bot recover ${bot} --recovery-key-file FILE`,
    { cause },
  );
}

/** If the process ended between making the keys and publishing them, they are published now. */
async function publishAgain({ http, crypto, account }: IdentityWork): Promise<void> {
  const { userId, deviceId, bot } = account;
  const held = await crypto.identity.held();
  if (held === undefined) throw replaced(userId, bot);
  let published = await readPublishedIdentity(http, userId, deviceId);
  if (published.master === undefined) {
    await publishSigningKeys(http, await crypto.identity.signingKeys());
    published = await readPublishedIdentity(http, userId, deviceId);
  }
  if (!published.deviceSigned) {
    await crypto.identity.signOwnDevice();
    published = await readPublishedIdentity(http, userId, deviceId);
    await crypto.identity.exchangeKeys();
  }
  if (held.master !== published.master || held.selfSigning !== published.selfSigning) {
    throw replaced(userId, bot);
  }
  if (!published.deviceSigned) {
    throw new RogatoryError(
      "identity.unsigned",
      `The homeserver does not publish the signature on ${userId}, device ${deviceId}. Start the bots again; if that does not help, stop them and run: rogatory bot recover ${bot}`,
    );
  }
}

async function keepSecrets({ crypto, recovery }: IdentityWork): Promise<void> {
  let recoveryKey = await recovery.read();
  if (recoveryKey === undefined) {
    recoveryKey = await crypto.identity.newRecoveryKey();
    await recovery.write(recoveryKey);
  }
  if (!(await crypto.identity.isSecretStorageReady())) {
    await crypto.identity.fillSecretStorage(recoveryKey);
  }
}

async function ensureBackup(work: IdentityWork): Promise<void> {
  const { http, crypto, account } = work;
  if ((await readBackupVersion(http)) === undefined) {
    await crypto.identity.startNewBackup();
    return;
  }
  const backup = await crypto.identity.backup();
  // There is one, so the SDK got no answer, which it keeps to itself.
  if (backup === undefined) throw new UnreachableError("the key backup could not be read");
  if (backup.readable) return;
  if (await crypto.identity.loadBackupKey()) {
    await crypto.identity.backup();
    return;
  }
  // Ours, but the process ended before its key was kept: nobody can ever read it.
  if (backup.trusted || work.replaceForeignBackup === true) {
    await crypto.identity.startNewBackup();
    return;
  }
  throw new RogatoryError(
    "identity.backup-foreign",
    `The key backup of ${account.userId} on the homeserver is not ours: somebody has replaced it, and nothing is put into it. To begin a new one, stop the bots and run: rogatory bot recover ${account.bot}`,
  );
}
