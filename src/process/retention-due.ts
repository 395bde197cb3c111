import type { Kysely } from "kysely";
import { retentionClasses } from "../config/retention.ts";
import { type DueTimer, listDue } from "../db/repositories/timers.ts";
import type { Database } from "../db/schema.ts";
import { RETENTION } from "../services/case/retention.ts";

/**
 * Timers of classes of data whose time is over. Classes that config/retention.yaml does not know any
 * more stay as they are, and stop nobody.
 */
export function dueRetention(
  db: Kysely<Database>,
  now: Temporal.Instant,
): Promise<readonly DueTimer[]> {
  return listDue(db, RETENTION, Object.keys(retentionClasses()), now);
}

/**
 * Whether the time of some class of data is over. It is destroyed between two runs of the bots, because
 * they must not see it half done and have to become new devices for it.
 */
export async function isDestructionDue(
  db: Kysely<Database>,
  now: Temporal.Instant,
): Promise<boolean> {
  return (await dueRetention(db, now)).length > 0;
}
