import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { CaseId } from "../../domain/ids.ts";
import { LegalRequest, type RequestNumber } from "../../domain/request/request.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";
import { takeNumber } from "./counters.ts";

const TABLE = "request";

/** Stores it under the next number of its instrument, which is in the answer. */
export async function insertRequest(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  draft: Omit<LegalRequest, "number">,
): Promise<LegalRequest> {
  // Taken first: until this transaction ends, nobody else counts the requests of the case.
  const position = await takeNumber(db, caseId, TABLE);
  const known = await listRequests(db, seal, caseId);
  const numbers = known.flatMap(({ instrument, number }) =>
    instrument === draft.instrument ? [number] : [],
  );
  const request: LegalRequest = { ...draft, number: Math.max(0, ...numbers) + 1 };
  const id = randomUUID();
  const details = sealDetails(seal, TABLE, id, request);
  await db.insertInto(TABLE).values({ id, case_id: caseId, number: position, details }).execute();
  return request;
}

/** All requests of a case, by instrument and number. */
export async function listRequests(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
): Promise<readonly LegalRequest[]> {
  const rows = await db.selectFrom(TABLE).selectAll().where("case_id", "=", caseId).execute();
  return rows
    .map((row) => openDetails(seal, TABLE, row, LegalRequest))
    .toSorted((one, other) =>
      one.instrument === other.instrument
        ? one.number - other.number
        : one.instrument < other.instrument
          ? -1
          : 1,
    );
}

/** Writes one text in the place of what every request of a case asks for; the rest of them stays. */
export async function replaceMeasures(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  measure: string,
): Promise<number> {
  const rows = await db.selectFrom(TABLE).selectAll().where("case_id", "=", caseId).execute();
  for (const row of rows) {
    const { salt: _, ...rest } = openDetails(seal, TABLE, row, LegalRequest);
    const details = { ...rest, measure };
    await db
      .updateTable(TABLE)
      .set({ details: sealDetails(seal, TABLE, row.id, details) })
      .where("id", "=", row.id)
      .execute();
  }
  return rows.length;
}

export async function findRequest(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  { instrument, number }: RequestNumber,
): Promise<LegalRequest | undefined> {
  const requests = await listRequests(db, seal, caseId);
  return requests.find((each) => each.instrument === instrument && each.number === number);
}
