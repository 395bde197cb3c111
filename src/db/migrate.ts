import { type Kysely, sql } from "kysely";
import {
  DEFAULT_MIGRATION_TABLE,
  type Migration,
  type MigrationProvider,
  Migrator,
} from "kysely/migration";
import { RogatoryError } from "../domain/errors.ts";
import { isConnectionLost } from "./connection-lost.ts";
import { firstLight } from "./migrations/0001-first-light.ts";
import { indexedDbMigration } from "./migrations/0002-indexeddb.ts";
import { signedLog } from "./migrations/0003-signed-log.ts";
import { timersAndEchoes } from "./migrations/0004-timers-and-echoes.ts";
import { shredding } from "./migrations/0005-shredding.ts";
import { withheldKeys } from "./migrations/0006-withheld-keys.ts";
import { members } from "./migrations/0007-members.ts";
import { creation } from "./migrations/0008-creation.ts";
import { caseLife } from "./migrations/0009-case-life.ts";
import { guard } from "./migrations/0010-guard.ts";
import { gaps } from "./migrations/0011-gaps.ts";
import { claimedMessages } from "./migrations/0012-claimed-messages.ts";
import { boards } from "./migrations/0013-boards.ts";
import { directCases } from "./migrations/0014-direct-cases.ts";
import { voices } from "./migrations/0016-voices.ts";
import { operatorsGuard } from "./migrations/0017-operators-guard.ts";
import { sealedStatus } from "./migrations/0019-sealed-status.ts";
import type { Database } from "./schema.ts";

/** Numbered, forward-only. A published migration is never changed; the next one is added below. */
const migrations: Record<string, Migration> = {
  "0001-first-light": { up: firstLight },
  "0002-indexeddb": { up: indexedDbMigration },
  "0003-signed-log": { up: signedLog },
  "0004-timers-and-echoes": { up: timersAndEchoes },
  "0005-shredding": { up: shredding },
  "0006-withheld-keys": { up: withheldKeys },
  "0007-members": { up: members },
  "0008-creation": { up: creation },
  "0009-case-life": { up: caseLife },
  "0010-guard": { up: guard },
  "0011-gaps": { up: gaps },
  "0012-claimed-messages": { up: claimedMessages },
  "0013-boards": { up: boards },
  "0014-direct-cases": { up: directCases },
  "0016-voices": { up: voices },
  "0017-operators-guard": { up: operatorsGuard },
  "0019-sealed-status": { up: sealedStatus },
};

const provider: MigrationProvider = { getMigrations: async () => migrations };

/**
 * Brings the database to the present schema, each migration in a transaction.
 *
 * @param upTo name of the last migration to make, for tests of the next one; all if left out
 * @throws RogatoryError `database.migration` if one fails; the schema is then as it was before it
 */
export async function migrate(db: Kysely<Database>, upTo?: string): Promise<void> {
  if (upTo === undefined && (await isCurrent(db))) return;
  const migrator = new Migrator({ db, provider });
  const { error, results } = await (upTo === undefined
    ? migrator.migrateToLatest()
    : migrator.migrateTo(upTo));
  if (error === undefined) return;
  if (isConnectionLost(error)) throw error;
  const failed = results?.find((result) => result.status === "Error")?.migrationName ?? "the first";
  throw new RogatoryError(
    "database.migration",
    `The database could not be brought to this version (migration ${failed}). Nothing was changed by it; restore the previous version or report the log.`,
    { cause: error },
  );
}

/** One look, for all the starts with nothing to migrate. Anything unusual is left to the migrator. */
async function isCurrent(db: Kysely<Database>): Promise<boolean> {
  const table = sql.table(DEFAULT_MIGRATION_TABLE);
  const { rows: found } = await sql<{ there: boolean }>`
    select to_regclass(${DEFAULT_MIGRATION_TABLE}) is not null as there`.execute(db);
  if (found[0]?.there !== true) return false;
  const { rows } = await sql<{ name: string }>`select name from ${table} order by name`.execute(db);
  return rows.map(({ name }) => name).join() === Object.keys(migrations).sort().join();
}
