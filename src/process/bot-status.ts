import type { Kysely } from "kysely";
import type { Config } from "../config/config.ts";
import { findAccount } from "../db/repositories/accounts.ts";
import { listCryptoStores } from "../db/repositories/crypto-tables.ts";
import { countUndecryptable } from "../db/repositories/inbox.ts";
import { countWithheldKeys } from "../db/repositories/withheld-keys.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { DeviceId, UserId } from "../domain/ids.ts";
import { storePrefix } from "../matrix/crypto/stores.ts";
import { AccountHttp } from "../matrix/http.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import { judgeIdentity } from "../matrix/session/identity-check.ts";
import { readBackupVersion, readPublishedIdentity } from "../matrix/session/published-identity.ts";
import type { Session } from "../matrix/session/session.ts";
import type { BotAccount } from "./bot-accounts.ts";
import type { OperationResult } from "./operation-shapes.ts";

type Status = OperationResult<"bot.status">[number];
type Problem = Status["problems"][number];

export interface StatusEnvironment {
  readonly config: Config;
  readonly db: Kysely<Database>;
  now(): Temporal.Instant;
  sessionOf(userId: UserId): Session | undefined;
}

/**
 * What can be said of a bot's account: by its session if this process serves it, otherwise by the
 * database and by what the homeserver shows to everybody. The crypto store of an account that is not
 * served here is not opened: another process may have it open.
 */
export async function describeAccount(
  { userId, bots }: BotAccount,
  environment: StatusEnvironment,
): Promise<Status> {
  const { db, now } = environment;
  const session = environment.sessionOf(userId);
  const stored = await findAccount(db, userId);
  const basis = {
    bots: [...bots],
    userId,
    running: session !== undefined,
    withheld: [...(await countWithheldKeys(db, userId))],
    undecryptable: [...(await countUndecryptable(db, userId))],
    problems: [],
  };
  if (stored === undefined) {
    const message = "This account was never started: rogatory start makes it.";
    return { ...basis, cryptoStore: false, problems: [{ code: "identity.none", message }] };
  }
  const { deviceId } = stored;
  const cryptoStore = await isStoreThere(db, userId, deviceId);
  const lastSync = session?.lastSync?.until(now()).total("seconds");
  const known = {
    ...basis,
    deviceId,
    cryptoStore,
    ...(lastSync === undefined ? {} : { lastSync: Math.max(0, Math.round(lastSync)) }),
  };
  try {
    const details = { cryptoStore, bot: bots[0], hasRecoveryKey: stored.hasRecoveryKey, deviceId };
    return { ...known, ...(await describeIdentity(userId, details, session, environment)) };
  } catch (error) {
    const message =
      error instanceof RogatoryError
        ? error.message
        : "The homeserver did not answer: check that it runs, and homeserver.url in the configuration.";
    const code = error instanceof RogatoryError ? error.code : "homeserver.unreachable";
    return { ...known, problems: [{ code, message }] };
  }
}

async function describeIdentity(
  userId: UserId,
  details: {
    readonly deviceId: DeviceId;
    readonly bot: string;
    readonly cryptoStore: boolean;
    readonly hasRecoveryKey: boolean;
  },
  session: Session | undefined,
  { config }: StatusEnvironment,
): Promise<Partial<Status>> {
  const { deviceId } = details;
  const http = session?.http ?? (await readOnlyHttp(config, userId));
  const published = await readPublishedIdentity(http, userId, deviceId);
  const backup = await readBackupVersion(http);
  const problems: Problem[] = [];
  const note = (code: string, message: string) => void problems.push({ code, message });

  if (session === undefined) {
    if (published.device !== undefined && !details.cryptoStore) {
      note("identity.store-lost", `The crypto store is gone: rogatory bot recover ${details.bot}`);
    }
  } else {
    const problem = judgeIdentity(
      {
        ...details,
        userId,
        storeFound: true,
        fingerprint: await session.crypto.fingerprint(),
        held: await session.crypto.identity.held(),
      },
      published,
    );
    if (problem !== undefined) note(problem.code, problem.message);
  }
  if (!published.deviceSigned) {
    note("identity.unsigned", "People's clients warn of this device: start the bots again.");
  }
  const view = backup === undefined ? undefined : await session?.crypto.identity.backup();
  if (backup === undefined || view?.enabled === false) {
    note("identity.no-backup", "Keys are not backed up: start the bots again.");
  }
  const fingerprint = (await session?.crypto.fingerprint()) ?? published.device;
  const secretStorage = await session?.crypto.identity.isSecretStorageReady();
  return {
    ...fingerprint,
    crossSigning: {
      published: published.master !== undefined,
      deviceSigned: published.deviceSigned,
    },
    ...(secretStorage === undefined ? {} : { secretStorage }),
    ...(backup === undefined
      ? {}
      : {
          keyBackup: {
            version: backup.version,
            keys: backup.count,
            ...(view === undefined ? {} : { enabled: view.enabled }),
          },
        }),
    problems,
  };
}

async function readOnlyHttp(config: Config, userId: UserId): Promise<AccountHttp> {
  const registration = await readRegistration(config.homeserver.registrationFile);
  return new AccountHttp(config.homeserver.url, registration.as_token, userId);
}

async function isStoreThere(
  db: Kysely<Database>,
  userId: UserId,
  deviceId: DeviceId,
): Promise<boolean> {
  const names = await listCryptoStores(db);
  return names.some((name) => name.startsWith(`${storePrefix(userId, deviceId)}::`));
}
