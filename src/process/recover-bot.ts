import type { Kysely } from "kysely";
import { type Config, databaseLocation } from "../config/config.ts";
import { openDatabase } from "../db/database.ts";
import { restoreCryptoTables } from "../db/repositories/crypto-tables.ts";
import { checkMasterKey } from "../db/repositories/journal.ts";
import type { Database } from "../db/schema.ts";
import type { BotName } from "../domain/case/bots.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { UserId } from "../domain/ids.ts";
import { silenceGlobalLogger } from "../matrix/crypto/sdk-logger.ts";
import { createSqlIndexedDb, installIndexedDb } from "../matrix/indexeddb/index.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import { type Recovered, recoverAccount } from "../matrix/session/recover.ts";
import { readMasterKey } from "../vault/master-key.ts";
import { Vault } from "../vault/vault.ts";
import { botAccounts, displayNameOf } from "./bot-accounts.ts";
import { clockOf } from "./clock.ts";
import { isServed } from "./control-socket.ts";
import { becomeOwner, type Ownership } from "./owner.ts";

export interface RecoverBotOptions {
  readonly bot: BotName;
  /** The recovery key that was kept elsewhere; undefined takes the one in the database. */
  readonly recoveryKey: string | undefined;
}

export interface RecoveredBot extends Recovered {
  readonly userId: UserId;
}

/**
 * Brings a bot back after the loss of its crypto store, as a new device of the same identity. No
 * process may serve the bots meanwhile: this one takes the ownership of their accounts.
 *
 * @throws RogatoryError `bots.running`, `recovery.*`, `identity.*`
 */
export async function recoverBot(
  config: Config,
  options: RecoverBotOptions,
): Promise<RecoveredBot> {
  const ownership = await ownAccounts(config);
  try {
    const vault = new Vault(readMasterKey(config.secrets.masterKey));
    await using db = await openDatabase(databaseLocation(config), ownership.onConnection);
    await db.transaction().execute((transaction) => checkMasterKey(transaction, vault));
    const clock = clockOf(config.clock);
    return await recoverIn({ config, db, vault, now: () => clock.now() }, options);
  } finally {
    await ownership.release();
  }
}

/** The same on a database that is open, and owned by the caller; no bot may run on it. */
export async function recoverIn(
  environment: {
    readonly config: Config;
    readonly db: Kysely<Database>;
    readonly vault: Vault;
    now(): Temporal.Instant;
  },
  { bot, recoveryKey }: RecoverBotOptions,
): Promise<RecoveredBot> {
  const { config, db, vault, now } = environment;
  const registration = await readRegistration(config.homeserver.registrationFile);
  await restoreCryptoTables(db);
  silenceGlobalLogger();
  const failed = Promise.withResolvers<never>();
  const store = createSqlIndexedDb({ db, onFatal: failed.reject });
  installIndexedDb(store.indexedDB);
  const userId = config.bots[bot];
  const account = botAccounts(config.bots).find((known) => known.userId === userId);
  try {
    const recovered = await Promise.race([
      failed.promise,
      recoverAccount({
        db,
        vault,
        now,
        userId,
        bot,
        recoveryKey,
        homeserverUrl: config.homeserver.url,
        token: registration.as_token,
        displayName: displayNameOf(account ?? { userId, bots: [bot] }),
        log: () => {},
      }),
    ]);
    return { userId, ...recovered };
  } finally {
    await store.close();
  }
}

async function ownAccounts(config: Config): Promise<Ownership> {
  const standby = new AbortController();
  const served = await isServed(config.paths.socket);
  const ownership = served
    ? undefined
    : await becomeOwner(config, {
        signal: standby.signal,
        onStandby: () => standby.abort(),
        onLost(error) {
          throw error;
        },
      });
  if (ownership !== undefined) return ownership;
  throw new RogatoryError(
    "bots.running",
    "The bots run: stop them, repeat this command, then start them again. Nothing was changed.",
  );
}
