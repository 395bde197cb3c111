import type { Kysely, Transaction } from "kysely";
import type { CaseId, EventId, RoomId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

export interface CreationProgress {
  readonly caseId: CaseId;
  readonly account: UserId;
  readonly roomId: RoomId;
  readonly firstTransactionId: string;
  readonly edits: number;
  readonly shown: string;
  readonly editedAt: Temporal.Instant | undefined;
}

export async function insertProgress(
  db: Transaction<Database>,
  progress: Pick<CreationProgress, "caseId" | "account" | "roomId" | "firstTransactionId">,
): Promise<void> {
  await db
    .insertInto("creation_progress")
    .values({
      case_id: progress.caseId,
      account: progress.account,
      room_id: progress.roomId,
      first_transaction_id: progress.firstTransactionId,
      edits: 0,
      shown: "",
      edited_at: null,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.column("case_id").doNothing())
    .execute();
}

export async function listUnfinished(db: Kysely<Database>): Promise<readonly CaseId[]> {
  const rows = await db
    .selectFrom("creation_progress")
    .select("case_id")
    .where("finished_at", "is", null)
    .orderBy("case_id")
    .execute();
  return rows.map((row) => row.case_id);
}

/** Locked until the transaction ends; undefined if there is nothing to show any more. */
export async function takeProgress(
  db: Transaction<Database>,
  caseId: CaseId,
): Promise<CreationProgress | undefined> {
  const row = await db
    .selectFrom("creation_progress")
    .selectAll()
    .where("case_id", "=", caseId)
    .where("finished_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    caseId,
    account: row.account,
    roomId: row.room_id,
    firstTransactionId: row.first_transaction_id,
    edits: row.edits,
    shown: row.shown,
    editedAt: row.edited_at === null ? undefined : Temporal.Instant.from(row.edited_at),
  };
}

export async function saveProgress(
  db: Transaction<Database>,
  { caseId, edits }: CreationProgress,
  shown: string,
  now: Temporal.Instant,
  finished: boolean,
): Promise<void> {
  await db
    .updateTable("creation_progress")
    .set({
      shown,
      edits: edits + 1,
      edited_at: instantText(now),
      finished_at: finished ? instantText(now) : null,
    })
    .where("case_id", "=", caseId)
    .execute();
}

/** The message that is edited: its event, once it is sent. */
export async function findFirstMessage(
  db: Transaction<Database>,
  { account, firstTransactionId }: CreationProgress,
): Promise<{ readonly eventId: EventId | undefined; readonly lost: boolean }> {
  const row = await db
    .selectFrom("outbox")
    .select(["event_id", "state"])
    .where("account", "=", account)
    .where("transaction_id", "=", firstTransactionId)
    .executeTakeFirst();
  const lost = row === undefined || row.state === "dead" || row.state === "dropped";
  return { eventId: row?.event_id ?? undefined, lost };
}

export interface StepCount {
  readonly kind: string;
  readonly isPerson: boolean;
  readonly state: string;
  readonly count: number;
}

/** How the steps stand that make a case's rooms and bring its people in. */
export async function countCreationSteps(
  db: Transaction<Database>,
  caseId: CaseId,
): Promise<readonly StepCount[]> {
  const rows = await db
    .selectFrom("outbox")
    .select(({ fn, eb }) => [
      "kind",
      "state",
      eb("after_lane", "is not", null).as("person"),
      fn.countAll<number>().as("count"),
    ])
    .where("case_id", "=", caseId)
    .where((row) =>
      row.or([row("lane", "=", `case:${caseId}`), row("after_lane", "=", `case:${caseId}`)]),
    )
    .groupBy(["kind", "state", "after_lane"])
    .execute();
  return rows.map(({ kind, state, person, count }) => ({
    ...{ kind, state, count },
    isPerson: Boolean(person),
  }));
}
