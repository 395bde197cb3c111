import type { Transaction } from "kysely";
import type { CaseId } from "../../domain/ids.ts";
import type { Database } from "../schema.ts";

/** Takes the next number of a series of a case; numbers start at 1 and are never given twice. */
export async function takeNumber(
  db: Transaction<Database>,
  caseId: CaseId,
  series: string,
): Promise<number> {
  const row = await db
    .insertInto("counter")
    .values({ case_id: caseId, series, last: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(["case_id", "series"])
        .doUpdateSet((expression) => ({ last: expression("counter.last", "+", 1) })),
    )
    .returning("last")
    .executeTakeFirstOrThrow();
  return row.last;
}
