import { type Kysely, sql } from "kysely";
import { databaseLocation, loadConfig } from "../src/config/config.ts";
import { openDatabase } from "../src/db/database.ts";
import type { Database } from "../src/db/schema.ts";
import { measureStarts } from "./rooms.ts";
import { median, rounded } from "./support/figures.ts";
import type { Deployment, Ground } from "./support/ground.ts";
import { startRogatory } from "./support/subject.ts";

export interface SessionFigures {
  readonly sessions: number;
  readonly startSeconds: number;
  readonly startSecondsWith: number;
  readonly megabytes: number;
  readonly megabytesWith: number;
}

const storeName = "inbound_group_sessions3";
/** Marks the copies, so that they can be taken away again. */
const suffix = "~bench";

/**
 * Starts with few room keys in the store and with very many: copies of a real one under keys of
 * their own, which nothing asks for.
 *
 * @returns undefined if the deployment has not received a room key yet
 */
export async function benchSessions(
  ground: Ground,
  sessions: number,
): Promise<SessionFigures | undefined> {
  const deployment = await ground.deployment("talk");
  const start = () => startRogatory(deployment.configuration, deployment.environment);
  await withDatabase(deployment, removeCopies);
  const before = await measureStarts(start);
  const added = await withDatabase(deployment, (db) => addCopies(db, sessions));
  if (added === 0) return undefined;
  const after = await measureStarts(start);
  await withDatabase(deployment, removeCopies);
  return {
    sessions: added,
    startSeconds: rounded(median(before.map(({ seconds }) => seconds)), 2),
    startSecondsWith: rounded(median(after.map(({ seconds }) => seconds)), 2),
    megabytes: rounded(median(before.map(({ megabytes }) => megabytes))),
    megabytesWith: rounded(median(after.map(({ megabytes }) => megabytes))),
  };
}

async function withDatabase<T>(
  { configuration, environment }: Deployment,
  work: (db: Kysely<Database>) => Promise<T>,
): Promise<T> {
  await using db = await openDatabase(databaseLocation(loadConfig(configuration, environment)));
  return await work(db);
}

/** Copies a backed-up session of the account that has most: what is not backed up would be uploaded. */
async function addCopies(db: Kysely<Database>, sessions: number): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into crypto_record
      (database_id, store_id, key, value, index_1, index_2, index_3, index_4, index_5, index_6)
    select r.database_id, r.store_id, r.key || n || ${suffix}, r.value,
      r.index_1 || n || ${suffix}, r.index_2 || n || ${suffix}, r.index_3 || n || ${suffix},
      r.index_4 || n || ${suffix}, r.index_5 || n || ${suffix}, r.index_6 || n || ${suffix}
    from generate_series(1, ${sessions}) as n,
      (select record.* from crypto_record record
       join crypto_store store using (database_id, store_id)
       where store.name = ${storeName} and record.value not like '%needs_backup%'
       limit 1) as r`.execute(db);
  return Number(numAffectedRows ?? 0);
}

async function removeCopies(db: Kysely<Database>): Promise<void> {
  await sql`delete from crypto_record where key like ${`%${suffix}`}`.execute(db);
}
