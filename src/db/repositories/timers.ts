import { randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import type { CaseId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

export interface NewTimer {
  /** Undefined for one of the deployment as a whole. */
  readonly caseId: CaseId | undefined;
  /** As `defineTimer` calls it. */
  readonly kind: string;
  /** What it is about: stands unsealed in the database, so a number and never a name. */
  readonly subject: string;
  readonly dueAt: Temporal.Instant;
  /** The same cause again changes nothing. */
  readonly cause: string;
}

/** A timer that one claimer holds for the time of its lease. */
export interface ClaimedTimer {
  readonly id: string;
  readonly caseId: CaseId | undefined;
  readonly kind: string;
  readonly subject: string;
  readonly dueAt: Temporal.Instant;
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
}

/** Sets a timer in the transaction of its cause. */
export async function setTimer(db: Transaction<Database>, timer: NewTimer): Promise<void> {
  await db
    .insertInto("timer")
    .values({
      id: randomUUID(),
      case_id: timer.caseId ?? null,
      kind: timer.kind,
      subject: timer.subject,
      due_at: instantText(timer.dueAt),
      lease_until: null,
      lease_owner: null,
      attempts: 0,
      sent_at: null,
      cause: timer.cause,
    })
    .onConflict((conflict) => conflict.column("cause").doNothing())
    .execute();
}

/** Removes timers of a kind that have not fired: what they were set for has changed. */
export async function cancelTimers(
  db: Transaction<Database>,
  caseId: CaseId,
  kind: string,
  subjects: readonly string[],
): Promise<void> {
  await db
    .deleteFrom("timer")
    .where("case_id", "=", caseId)
    .where("kind", "=", kind)
    .where("subject", "in", subjects)
    .where("sent_at", "is", null)
    .execute();
}

/** Whether a timer of a kind that belongs to no case has still to fire. */
export async function isSetOutsideCases(db: Transaction<Database>, kind: string): Promise<boolean> {
  const row = await db
    .selectFrom("timer")
    .select("id")
    .where("case_id", "is", null)
    .where("kind", "=", kind)
    .where("sent_at", "is", null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Removes those of them that have not fired. */
export async function cancelOutsideCases(db: Transaction<Database>, kind: string): Promise<void> {
  await db
    .deleteFrom("timer")
    .where("case_id", "is", null)
    .where("kind", "=", kind)
    .where("sent_at", "is", null)
    .execute();
}

/**
 * Lets the one timer of a kind and subject be due at another time, or never. One that is just being
 * fired is left alone: it must then find for itself that it is not wanted any more.
 */
export async function moveTimer(
  db: Transaction<Database>,
  timer: Omit<NewTimer, "caseId" | "dueAt"> & {
    readonly caseId: CaseId;
    readonly dueAt: Temporal.Instant | undefined;
  },
): Promise<void> {
  const { caseId, kind, subject, dueAt, cause } = timer;
  await db
    .deleteFrom("timer")
    .where("id", "in", (former) =>
      former
        .selectFrom("timer")
        .select("id")
        .where("case_id", "=", caseId)
        .where("kind", "=", kind)
        .where("subject", "=", subject)
        .where("cause", "!=", cause)
        .where("sent_at", "is", null)
        .forUpdate()
        .skipLocked(),
    )
    .execute();
  if (dueAt !== undefined) await setTimer(db, { caseId, kind, subject, dueAt, cause });
}

/**
 * Takes the timer that has been due longest, of those that nobody else holds. Two claimers never get
 * the same one, and neither waits for the other.
 */
export async function claimTimer(
  db: Kysely<Database>,
  claim: {
    readonly kinds: readonly string[];
    readonly now: Temporal.Instant;
    /** Only what was due by then; now if it is left out. */
    readonly dueBy?: Temporal.Instant;
    readonly owner: string;
    readonly leaseUntil: Temporal.Instant;
  },
): Promise<ClaimedTimer | undefined> {
  const now = instantText(claim.now);
  const row = await db
    .updateTable("timer")
    .set((expression) => ({
      lease_owner: claim.owner,
      lease_until: instantText(claim.leaseUntil),
      attempts: expression("attempts", "+", 1),
    }))
    .where("id", "=", (expression) =>
      expression
        .selectFrom("timer")
        .select("id")
        .where("sent_at", "is", null)
        .where("kind", "in", claim.kinds)
        .where("due_at", "<=", instantText(claim.dueBy ?? claim.now))
        .where((lease) =>
          lease.or([lease("lease_until", "is", null), lease("lease_until", "<=", now)]),
        )
        .orderBy("due_at")
        .orderBy("id")
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returning(["id", "case_id", "kind", "subject", "due_at", "attempts"])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    caseId: row.case_id ?? undefined,
    kind: row.kind,
    subject: row.subject,
    dueAt: Temporal.Instant.from(row.due_at),
    attempt: row.attempts,
  };
}

/**
 * Marks a claimed timer fired, in the transaction of its effect.
 *
 * @returns false if it is no longer the claimer's: then the transaction must have no effect
 */
export async function markFired(
  db: Transaction<Database>,
  id: string,
  owner: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const fired = await db
    .updateTable("timer")
    .set({ sent_at: instantText(now), lease_until: null, lease_owner: null })
    .where("id", "=", id)
    .where("lease_owner", "=", owner)
    .where("sent_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return fired !== undefined;
}

/** Leaves a timer whose handler failed alone for a while. */
export async function postponeTimer(
  db: Kysely<Database>,
  id: string,
  owner: string,
  until: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable("timer")
    .set({ lease_until: instantText(until) })
    .where("id", "=", id)
    .where("lease_owner", "=", owner)
    .where("sent_at", "is", null)
    .execute();
}

export interface DueTimer {
  readonly id: string;
  readonly caseId: CaseId | undefined;
  readonly subject: string;
}

/** Timers of a kind that no claimer handles, as far as they are due, the oldest first. */
export async function listDue(
  db: Kysely<Database>,
  kind: string,
  subjects: readonly string[],
  now: Temporal.Instant,
): Promise<readonly DueTimer[]> {
  if (subjects.length === 0) return [];
  const rows = await db
    .selectFrom("timer")
    .select(["id", "case_id", "subject"])
    .where("kind", "=", kind)
    .where("subject", "in", subjects)
    .where("sent_at", "is", null)
    .where("due_at", "<=", instantText(now))
    .orderBy("due_at")
    .orderBy("id")
    .execute();
  return rows.map(({ id, case_id, subject }) => ({ id, caseId: case_id ?? undefined, subject }));
}

/** When one of them is due that has not been handled; undefined if there is none. */
export async function dueTimeOf(
  db: Transaction<Database>,
  caseId: CaseId,
  kind: string,
  subject: string,
): Promise<Temporal.Instant | undefined> {
  const row = await db
    .selectFrom("timer")
    .select("due_at")
    .where("case_id", "=", caseId)
    .where("kind", "=", kind)
    .where("subject", "=", subject)
    .where("sent_at", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : Temporal.Instant.from(row.due_at);
}

/** Marks such a timer fired, in the transaction of its effect; false if it was before. */
export async function markDone(
  db: Transaction<Database>,
  id: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const row = await db
    .updateTable("timer")
    .set({ sent_at: instantText(now) })
    .where("id", "=", id)
    .where("sent_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}
