import { createHash } from "node:crypto";
import type { Kysely } from "kysely";
import { type Config, readAdminToken } from "../config/config.ts";
import { rewriteTables } from "../db/catalog.ts";
import { listRenewals } from "../db/repositories/device-renewals.ts";
import { appendToJournal } from "../db/repositories/journal.ts";
import {
  listOpenShreddings,
  type ShreddingRecord,
  saveShredding,
} from "../db/repositories/shreddings.ts";
import type { Database } from "../db/schema.ts";
import type { UserId } from "../domain/ids.ts";
import { silenceGlobalLogger } from "../matrix/crypto/sdk-logger.ts";
import { AccountHttp } from "../matrix/http.ts";
import { createSqlIndexedDb, installIndexedDb } from "../matrix/indexeddb/index.ts";
import { ServerAdministration } from "../matrix/provisioning/administration.ts";
import { emptyRoom } from "../matrix/provisioning/empty-room.ts";
import { readRegistration } from "../matrix/provisioning/registration.ts";
import { type RenewedDevice, renewDevice } from "../matrix/session/renew-device.ts";
import { writeCertificate } from "../services/shredding/certificate.ts";
import type { Vault } from "../vault/vault.ts";
import { botAccounts, displayNameOf } from "./bot-accounts.ts";
import { CryptoStoreError } from "./errors.ts";

export interface FinishEnvironment {
  readonly config: Config;
  /** Open, and owned by this process; no bot may run. */
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
}

/**
 * Goes on with all shreddings whose case is destroyed but not yet what the homeserver and the crypto
 * stores have of it. Does nothing where there are none. Each step is kept when it is done, so that it
 * can be interrupted anywhere.
 */
export async function finishShreddings(environment: FinishEnvironment): Promise<void> {
  const { db, vault } = environment;
  const records = await listOpenShreddings(db, vault);
  const remote = records.filter(({ rooms, media }) =>
    [...rooms, ...media].some(({ outcome }) => outcome === "pending"),
  );
  if (remote.length > 0 || (await listRenewals(db)).length > 0) {
    const { as_token: token } = await readRegistration(
      environment.config.homeserver.registrationFile,
    );
    for (const record of remote) await destroyOnHomeserver(environment, token, record);
    await renewDevices(environment, token, records);
  }
  for (const record of records) await complete(environment, record);
}

async function destroyOnHomeserver(
  { config, db, vault }: FinishEnvironment,
  token: string,
  record: ShreddingRecord,
): Promise<void> {
  const { url: homeserverUrl, serverName } = config.homeserver;
  const { registrar } = config.bots;
  const adminToken = readAdminToken(config);
  const administration = await ServerAdministration.open({
    ...{ homeserverUrl, adminToken, token, registrar },
  });
  const bots = record.devices.map(({ userId }) => userId);
  for (const room of record.rooms) {
    if (room.outcome !== "pending") continue;
    // Purging takes out our homeserver's own people; others learn of it by being removed. A direct
    // conversation is its person's own: without a purge only the bot leaves it.
    const stays = (userId: string) =>
      administration === undefined
        ? room.directWith !== undefined
        : userId.endsWith(`:${serverName}`);
    await emptyRoom(room.roomId, {
      remover: new AccountHttp(homeserverUrl, token, room.directWith ?? registrar),
      bots: bots.map((userId) => new AccountHttp(homeserverUrl, token, userId)),
      ownAccounts: new Set([registrar, ...bots]),
      stays,
      leave: administration === undefined,
    });
    if (administration === undefined) room.outcome = "left";
    else room.outcome = (await administration.purgeRoom(room.roomId)) ? "purged" : "gone";
    await saveShredding(db, vault, record);
  }
  for (const file of record.media) {
    if (file.outcome !== "pending") continue;
    if (administration === undefined) file.outcome = "kept";
    else file.outcome = (await administration.deleteMedia(file.uri)) ? "deleted" : "gone";
    await saveShredding(db, vault, record);
  }
}

async function renewDevices(
  { config, db, vault, now }: FinishEnvironment,
  token: string,
  records: readonly ShreddingRecord[],
): Promise<void> {
  const forgotten = new Set<string>(
    records.flatMap(({ rooms }) => rooms.map(({ roomId }) => roomId)),
  );
  const wanted = await listRenewals(db);
  if (wanted.length === 0) return;
  silenceGlobalLogger();
  const failed = Promise.withResolvers<never>();
  const store = createSqlIndexedDb({
    db,
    onFatal: (cause) => failed.reject(new CryptoStoreError("the crypto store failed", { cause })),
  });
  installIndexedDb(store.indexedDB);
  try {
    for (const userId of wanted) {
      const account = botAccounts(config.bots).find((known) => known.userId === userId);
      const device = renewDevice({
        ...{ db, vault, now, token, userId },
        homeserverUrl: config.homeserver.url,
        bot: account?.bots[0] ?? userId,
        displayName: account === undefined ? "Rogatory" : displayNameOf(account),
        log: () => {},
        isForgotten: (roomId) => forgotten.has(roomId),
      });
      const renewed = await Promise.race([failed.promise, device]);
      for (const record of records) {
        noteDevice(record, userId, renewed);
        await saveShredding(db, vault, record);
      }
    }
  } finally {
    await store.close();
  }
  await rewriteTables(db, ["account", "device_renewal", "crypto_record"]);
}

function noteDevice(
  { devices }: ShreddingRecord,
  userId: UserId,
  { device: present, keys }: RenewedDevice,
): void {
  // What an earlier part of the case's shredding has noted stays.
  const noted = devices.find((device) => device.userId === userId && device.present === undefined);
  if (noted === undefined) return;
  noted.present = present;
  if (keys === undefined) return;
  noted.keysDropped = keys.dropped;
  noted.keysKept = keys.kept;
}

async function complete(
  { config, db, vault, now }: FinishEnvironment,
  record: ShreddingRecord,
): Promise<void> {
  const completedAt = now();
  const completed: ShreddingRecord = { ...record, completedAt: completedAt.toString() };
  const certificate = writeCertificate(completed, config.homeserver.serverName, vault.signer);
  const certificateSha256 = createHash("sha256").update(JSON.stringify(certificate)).digest("hex");
  await db.transaction().execute(async (transaction) => {
    await saveShredding(transaction, vault, completed);
    await appendToJournal(
      transaction,
      { vault },
      {
        at: completedAt,
        actor: "operator",
        caseId: record.caseId,
        act: record.keyDestroyed === false ? "case.destroyed" : "case.shredded",
        details: { code: record.code, certificateSha256 },
      },
    );
  });
}
