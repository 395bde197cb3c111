import type { Kysely } from "kysely";
import { z } from "zod";
import { findCase } from "../../src/db/repositories/cases.ts";
import { placeOfPayload, Step } from "../../src/db/repositories/outbox.ts";
import type { Database } from "../../src/db/schema.ts";
import type { CaseId } from "../../src/domain/ids.ts";
import type { Vault } from "../../src/vault/vault.ts";

export interface OpenedStep {
  readonly lane: string;
  readonly state: string;
  readonly notBefore: string | undefined;
  readonly step: Step;
}

/** What a case's outbox holds, opened, in its order. */
export async function openedSteps(
  db: Kysely<Database>,
  vault: Vault,
  caseId: CaseId,
): Promise<readonly OpenedStep[]> {
  const open = await findCase(db, vault, caseId);
  if (open === undefined) throw new Error("no case");
  const rows = await db
    .selectFrom("outbox")
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("position")
    .execute();
  return rows.map((row) => ({
    lane: row.lane,
    state: row.state,
    notBefore: row.not_before ?? undefined,
    step: Step.parse(
      open.seal.open<unknown>(
        placeOfPayload(row.account, row.transaction_id),
        row.payload,
        z.unknown(),
      ),
    ),
  }));
}
