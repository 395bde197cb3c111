import type { Kysely } from "kysely";
import { type Config, readAdminToken } from "../config/config.ts";
import { rewriteTables } from "../db/catalog.ts";
import { checkMasterKey } from "../db/repositories/journal.ts";
import { findShredding, type ShreddingRecord } from "../db/repositories/shreddings.ts";
import type { Database } from "../db/schema.ts";
import {
  beginShredding,
  planShredding,
  type ShreddingPlan,
} from "../services/shredding/begin-shredding.ts";
import { type SignedCertificate, writeCertificate } from "../services/shredding/certificate.ts";
import { tablesOf } from "../services/shredding/merge-record.ts";
import { readMasterKey } from "../vault/master-key.ts";
import { Vault } from "../vault/vault.ts";
import { clockOf } from "./clock.ts";
import { type FinishEnvironment, finishShreddings } from "./finish-shreddings.ts";
import { withStoppedBots } from "./stopped-bots.ts";

export interface ShredRequest {
  /** Code or real name of the case. */
  readonly name: string;
  readonly reason: string;
}

/** What would be destroyed; nothing is. It shows what the case is called, and so it is logged. */
export function previewShredding(
  config: Config,
  { name, reason }: ShredRequest,
): Promise<ShreddingPlan> {
  return withStoppedBots(config, async (db) => {
    const vault = await openVault(config, db);
    const now = clockOf(config.clock).now();
    return db
      .transaction()
      .execute((transaction) => planShredding({ db: transaction, vault, now }, { name, reason }));
  });
}

/**
 * Destroys a case: key and rows in one transaction, then what the homeserver and the bots' crypto
 * stores have of it. If the second part fails, repeating the command or starting the bots goes on
 * with it; the case cannot be read any more in between.
 *
 * @throws RogatoryError `bots.running`, `case.unknown`, `administration.*`, `identity.*`
 */
export async function shredCase(config: Config, request: ShredRequest): Promise<SignedCertificate> {
  // What is wrong with the configuration is said before anything is destroyed.
  readAdminToken(config);
  return withStoppedBots(config, async (db) => {
    const vault = await openVault(config, db);
    const clock = clockOf(config.clock);
    return shredIn({ config, db, vault, now: () => clock.now() }, request);
  });
}

/** The same on a database that is open, and owned by the caller. */
export async function shredIn(
  environment: FinishEnvironment,
  request: ShredRequest,
): Promise<SignedCertificate> {
  const { config, db, vault, now } = environment;
  const begun = await db
    .transaction()
    .execute((transaction) => beginShredding({ db: transaction, vault, now: now() }, request));
  // The database's files must not keep what the rows held.
  await rewriteTables(db, ["case_file", "account", ...tablesOf(begun)]);
  await finishShreddings(environment);
  const record = await findShredding(db, vault, begun.caseId);
  return writeCertificate(assertDone(record), config.homeserver.serverName, vault.signer);
}

async function openVault(config: Config, db: Kysely<Database>): Promise<Vault> {
  const vault = new Vault(readMasterKey(config.secrets.masterKey));
  await db.transaction().execute((transaction) => checkMasterKey(transaction, vault));
  return vault;
}

function assertDone(record: ShreddingRecord | undefined): ShreddingRecord {
  if (record?.completedAt === undefined) throw new TypeError("the shredding was not completed");
  return record;
}
