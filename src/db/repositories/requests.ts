import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { CaseId } from "../../domain/ids.ts";
import { InstrumentCode } from "../../domain/request/instrument.ts";
import {
  type LegalRequest,
  RequestDetails,
  type RequestNumber,
} from "../../domain/request/request.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";

const TABLE = "request";

export async function insertRequest(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  { instrument, number, status, ...details }: LegalRequest,
): Promise<void> {
  const id = randomUUID();
  await db
    .insertInto(TABLE)
    .values({
      id,
      case_id: caseId,
      instrument,
      number,
      status,
      details: sealDetails(seal, TABLE, id, details),
    })
    .execute();
}

/** All requests of a case, by instrument and number. */
export async function listRequests(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
): Promise<readonly LegalRequest[]> {
  const rows = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("instrument")
    .orderBy("number")
    .execute();
  return rows.map((row) => openRequest(seal, row));
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
    const { salt: _, ...rest } = openDetails(seal, TABLE, row, RequestDetails);
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
  const row = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .where("instrument", "=", instrument)
    .where("number", "=", number)
    .executeTakeFirst();
  return row === undefined ? undefined : openRequest(seal, row);
}

function openRequest(seal: SealBox, row: Database["request"]): LegalRequest {
  return {
    instrument: InstrumentCode.parse(row.instrument),
    number: row.number,
    status: row.status,
    ...openDetails(seal, TABLE, row, RequestDetails),
  };
}
