import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { ActionDetails, type ActionItem, ActionStatus } from "../../domain/action/action.ts";
import type { CaseId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";
import { openDetails, sealDetails } from "./content.ts";

const TABLE = "action_item";
const StoredAction = ActionDetails.extend({ status: ActionStatus });

export async function insertAction(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  { number, ...details }: ActionItem,
): Promise<void> {
  const id = randomUUID();
  await db
    .insertInto(TABLE)
    .values({ id, case_id: caseId, number, details: sealDetails(seal, TABLE, id, details) })
    .execute();
}

/** Writes an action item that exists already, found by its number. */
export async function updateAction(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  { number, ...details }: ActionItem,
): Promise<void> {
  const { id } = await db
    .selectFrom(TABLE)
    .select("id")
    .where("case_id", "=", caseId)
    .where("number", "=", number)
    .executeTakeFirstOrThrow();
  await db
    .updateTable(TABLE)
    .set({ details: sealDetails(seal, TABLE, id, details) })
    .where("id", "=", id)
    .execute();
}

/** All action items of a case, in the order of their numbers. */
export async function listActions(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
): Promise<readonly ActionItem[]> {
  const rows = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .orderBy("number")
    .execute();
  return rows.map((row) => openAction(seal, row));
}

/** Finds one and locks its row until the transaction ends, so that two cannot complete it. */
export async function findAction(
  db: Transaction<Database>,
  seal: SealBox,
  caseId: CaseId,
  number: number,
): Promise<ActionItem | undefined> {
  const row = await db
    .selectFrom(TABLE)
    .selectAll()
    .where("case_id", "=", caseId)
    .where("number", "=", number)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : openAction(seal, row);
}

function openAction(seal: SealBox, row: Database["action_item"]): ActionItem {
  return { number: row.number, ...openDetails(seal, TABLE, row, StoredAction) };
}
