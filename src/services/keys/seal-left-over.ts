import type { Kysely } from "kysely";
import { rewriteTables } from "../../db/catalog.ts";
import { findCase } from "../../db/repositories/cases.ts";
import { takeUnsealed, writeSealed } from "../../db/repositories/unsealed-details.ts";
import type { Database } from "../../db/schema.ts";
import type { Vault } from "../../vault/vault.ts";

/**
 * Seals what a former version kept in plain columns, and writes the tables anew, so that their files
 * no longer hold it. Before anything else reads or destroys content.
 */
export async function sealLeftOver(db: Kysely<Database>, vault: Vault): Promise<void> {
  const tables = await db.transaction().execute(async (transaction) => {
    const found = new Set<string>();
    for (const unsealed of await takeUnsealed(transaction)) {
      const open = await findCase(transaction, vault, unsealed.caseId);
      if (open === undefined) continue;
      await writeSealed(transaction, open.seal, unsealed);
      found.add(unsealed.table);
    }
    return found;
  });
  if (tables.size > 0) await rewriteTables(db, [...tables, "unsealed_detail"]);
}
