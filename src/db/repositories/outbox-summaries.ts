import { type Kysely, sql, type Transaction } from "kysely";
import type { CaseId, UserId } from "../../domain/ids.ts";
import type { Database, OutboxState } from "../schema.ts";

/** A step as operators see it: everything but what it says. */
export interface OutboxSummary {
  /** Its place in the order of all steps; never given twice. */
  readonly id: number;
  readonly account: UserId;
  readonly lane: string;
  readonly kind: string;
  readonly caseId: CaseId | undefined;
  readonly state: OutboxState;
  readonly attempts: number;
  /** Code of the last failure. */
  readonly failure: string | undefined;
  readonly createdAt: Temporal.Instant;
}

type Reader = Kysely<Database> | Transaction<Database>;

/** The steps in some states, in the order in which they were made. */
export async function listOutbox(
  db: Reader,
  states: readonly OutboxState[],
): Promise<readonly OutboxSummary[]> {
  const rows = await select(db).where("state", "in", states).orderBy("position").execute();
  return rows.map(summarise);
}

export async function findOutboxStep(db: Reader, id: number): Promise<OutboxSummary | undefined> {
  const row = await select(db).where("position", "=", id).executeTakeFirst();
  return row === undefined ? undefined : summarise(row);
}

/** Puts an open step back to the beginning of its attempts, or takes it out of its lane. */
export async function settleStep(
  db: Transaction<Database>,
  id: number,
  state: "pending" | "dropped",
): Promise<void> {
  await db
    .updateTable("outbox")
    .set({
      state,
      not_before: null,
      // Not 0: an earlier attempt may have had its effect, and the next one looks.
      ...(state === "pending" ? { attempts: 1, told_at: null } : {}),
    })
    .where("position", "=", id)
    .where("state", "in", ["pending", "dead"])
    .execute();
}

/** A step that was given up, with the code of its case. */
export interface DeadLetter {
  readonly id: number;
  readonly account: UserId;
  readonly lane: string;
  readonly kind: string;
  readonly code: string | undefined;
  readonly failure: string | undefined;
}

/** Steps that were given up and of which the operators were not told yet. */
export async function listUntoldDeadLetters(
  db: Transaction<Database>,
): Promise<readonly DeadLetter[]> {
  const rows = await db
    .selectFrom("outbox")
    .leftJoin("case_file", "case_file.id", "outbox.case_id")
    .select([
      ...(["outbox.position", "outbox.account", "outbox.lane", "outbox.kind"] as const),
      ...(["outbox.failure", "case_file.code"] as const),
    ])
    .where("outbox.state", "=", "dead")
    .where("outbox.told_at", "is", null)
    .orderBy("outbox.position")
    .execute();
  return rows.map(({ position, code, failure, ...row }) => ({
    ...row,
    id: position,
    code: code ?? undefined,
    failure: failure ?? undefined,
  }));
}

/** After this many attempts a step has failed for about half an hour. */
const lastingAttempts = 15;

/** Steps that fail again and again and are not given up, by account and code. */
export async function listLastingFailures(
  db: Transaction<Database>,
): Promise<
  readonly { readonly account: UserId; readonly failure: string; readonly count: number }[]
> {
  const rows = await db
    .selectFrom("outbox")
    .select(["account", "failure", sql<number>`count(*)::integer`.as("count")])
    .where("state", "=", "pending")
    .where("attempts", ">=", lastingAttempts)
    .groupBy(["account", "failure"])
    .orderBy("account")
    .orderBy("failure")
    .execute();
  return rows.map(({ failure, ...row }) => ({ ...row, failure: failure ?? "unknown" }));
}

export async function markTold(
  db: Transaction<Database>,
  ids: readonly number[],
  now: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable("outbox")
    .set({ told_at: now.toString() })
    .where("position", "in", ids)
    .execute();
}

function select(db: Reader) {
  return db
    .selectFrom("outbox")
    .select([
      "position",
      "account",
      "lane",
      "kind",
      "case_id",
      "state",
      "attempts",
      "failure",
      "created_at",
    ]);
}

function summarise(
  row: Pick<
    Database["outbox"],
    "account" | "lane" | "kind" | "case_id" | "state" | "attempts" | "failure" | "created_at"
  > & { readonly position: number },
): OutboxSummary {
  return {
    id: row.position,
    account: row.account,
    lane: row.lane,
    kind: row.kind,
    caseId: row.case_id ?? undefined,
    state: row.state,
    attempts: row.attempts,
    failure: row.failure ?? undefined,
    createdAt: Temporal.Instant.from(row.created_at),
  };
}
