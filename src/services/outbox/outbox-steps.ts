import {
  findOutboxStep,
  listOutbox,
  type OutboxSummary,
  settleStep,
} from "../../db/repositories/outbox-summaries.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { logDecision } from "../acts.ts";
import type { Work } from "../work.ts";

export interface ListedStep extends Omit<OutboxSummary, "createdAt" | "caseId"> {
  readonly createdAt: string;
  /** Seconds since it was put there. */
  readonly age: number;
}

/** What is still to be done on the homeserver, or, with `dead`, what was given up; never content. */
export async function listSteps(
  { db, now }: Work,
  which: { readonly dead: boolean },
): Promise<readonly ListedStep[]> {
  const steps = await listOutbox(db, which.dead ? ["dead"] : ["pending", "dead"]);
  return steps.map(({ createdAt, caseId: _, lane, ...step }) => ({
    ...step,
    // Who comes into a case is content of it.
    lane: lane.replace(/^(people:[^:]*):.*$/, "$1"),
    createdAt: createdAt.toString(),
    age: Math.max(0, Math.round(createdAt.until(now).total("seconds"))),
  }));
}

/**
 * Lets a step that was given up be tried again, or one that waits be tried now. It goes before
 * whatever came after it in its lane.
 *
 * @throws RogatoryError `outbox.unknown` or `outbox.settled`
 */
export async function retryStep(work: Work, id: number): Promise<void> {
  const { caseId, kind } = await openStep(work, id);
  await settleStep(work.db, id, "pending");
  await logDecision(work, caseId, "outbox.retry", { step: id, kind });
}

/**
 * Decides that a step is not to be done; its lane goes on. One that is just under way may still
 * arrive.
 *
 * @throws RogatoryError `outbox.unknown` or `outbox.settled`
 */
export async function dropStep(work: Work, id: number, reason: string): Promise<void> {
  const { caseId, kind } = await openStep(work, id);
  await settleStep(work.db, id, "dropped");
  await logDecision(work, caseId, "outbox.drop", { step: id, kind, reason });
}

async function openStep({ db }: Work, id: number): Promise<OutboxSummary> {
  const step = await findOutboxStep(db, id);
  if (step === undefined) {
    throw new RogatoryError(
      "outbox.unknown",
      `There is no step ${id}: rogatory outbox list shows those that are open.`,
    );
  }
  if (step.state === "pending" || step.state === "dead") return step;
  throw new RogatoryError(
    "outbox.settled",
    `Step ${id} is ${step.state} already: nothing was changed.`,
  );
}
