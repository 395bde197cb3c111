import type { Kysely } from "kysely";
import { retentionClasses } from "../config/retention.ts";
import { rewriteTables } from "../db/catalog.ts";
import { findCase } from "../db/repositories/cases.ts";
import { markDone } from "../db/repositories/timers.ts";
import type { Database } from "../db/schema.ts";
import { destroyClass } from "../services/shredding/destroy-class.ts";
import { tablesOf } from "../services/shredding/merge-record.ts";
import type { Vault } from "../vault/vault.ts";
import { dueRetention } from "./retention-due.ts";

export interface DestroyEnvironment {
  /** Open, and owned by this process; no bot may run. */
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  now(): Temporal.Instant;
}

export interface DestroyedClass {
  readonly code: string;
  readonly class: string;
}

/**
 * Destroys in the database what is due, each class in one transaction; what the homeserver and the
 * crypto stores have of it is left to finishShreddings, which must follow. It can be interrupted anywhere.
 */
export async function destroyDue({
  db,
  vault,
  now,
}: DestroyEnvironment): Promise<readonly DestroyedClass[]> {
  const destroyed: DestroyedClass[] = [];
  const tables = new Set<string>();
  for (const timer of await dueRetention(db, now())) {
    const rules = retentionClasses()[timer.subject];
    if (rules === undefined || timer.caseId === undefined) continue;
    const { caseId, subject } = timer;
    await db.transaction().execute(async (transaction) => {
      if (!(await markDone(transaction, timer.id, now()))) return;
      const open = await findCase(transaction, vault, caseId);
      // Shredded by an operator, or by a longer class that was due before.
      if (open === undefined) return;
      const work = { db: transaction, vault, now: now() };
      const record = await destroyClass(work, open, { name: subject, rules });
      destroyed.push({ code: record.code, class: subject });
      for (const table of tablesOf(record)) tables.add(table);
    });
  }
  if (destroyed.length > 0) {
    // The database's files must not keep what the rows held.
    await rewriteTables(db, [...tables.union(new Set(["case_file", "account"]))]);
  }
  return destroyed;
}
