import { type Kysely, sql } from "kysely";
import type { Database } from "../db/schema.ts";
import { OWNER_NAME } from "./postgres-owner.ts";

/** How many processes wait for the accounts: each, and the owner, holds one connection of this name. */
export async function countStandbys(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::integer as count
    from pg_stat_activity
    where datname = current_database() and application_name = ${OWNER_NAME}`.execute(db);
  return Math.max(0, (rows[0]?.count ?? 0) - 1);
}
