import type { Transaction } from "kysely";
import { z } from "zod";
import type { CaseId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";

/** What a former version kept of a row of content in plain columns. */
export interface Unsealed {
  readonly rowId: string;
  readonly caseId: CaseId;
  readonly table: z.infer<typeof Table>;
  readonly details: Readonly<Record<string, unknown>>;
}

const Table = z.enum(["request", "action_item"]);
const Details = z.record(z.string(), z.unknown());

/** Takes all of it out; another process that does the same waits, and finds nothing. */
export async function takeUnsealed(db: Transaction<Database>): Promise<readonly Unsealed[]> {
  const rows = await db.deleteFrom("unsealed_detail").returningAll().execute();
  return rows.map((row) => ({
    rowId: row.row_id,
    caseId: row.case_id,
    table: Table.parse(row.table_name),
    details: Details.parse(JSON.parse(row.details)),
  }));
}

/** Seals it beside the rest of the row, if the row is still there. */
export async function writeSealed(
  db: Transaction<Database>,
  seal: SealBox,
  { rowId, table, details }: Unsealed,
): Promise<void> {
  const row = await db
    .selectFrom(table)
    .select(["id", "case_id", "details"])
    .where("id", "=", rowId)
    .executeTakeFirst();
  if (row === undefined) return;
  const whole = { ...openDetails(seal, table, row, Details), ...details };
  await db
    .updateTable(table)
    .set({ details: sealDetails(seal, table, rowId, whole) })
    .where("id", "=", rowId)
    .execute();
}
