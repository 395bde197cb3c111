import type { Kysely } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import { RogatoryError } from "../domain/errors.ts";
import { indexedDbMigration } from "../matrix/indexeddb/migration.ts";
import { firstLight } from "./migrations/0001-first-light.ts";
import type { Database } from "./schema.ts";

/** Numbered, forward-only. A published migration is never changed; the next one is added below. */
const migrations: Record<string, Migration> = {
  "0001-first-light": { up: firstLight },
  "0002-indexeddb": { up: indexedDbMigration },
};

const provider: MigrationProvider = { getMigrations: async () => migrations };

/**
 * Brings the database to the present schema, each migration in a transaction.
 *
 * @throws RogatoryError `database.migration` if one fails; the schema is then as it was before it
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === "Error")?.migrationName ?? "the first";
  throw new RogatoryError(
    "database.migration",
    `The database could not be brought to this version (migration ${failed}). Nothing was changed by it; restore the previous version or report the log.`,
    { cause: error },
  );
}
