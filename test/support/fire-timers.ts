import { TimerWorker } from "../../src/delivery/timer-worker.ts";
import { loadTimers } from "../../src/timers/registry.ts";
import { type CaseHarness, harnessBots } from "./case-harness.ts";
import { openedSteps } from "./outbox.ts";

/** Fires what is due at an instant, and gives all that was ever said in the case, with its lane. */
export async function fireTimers(
  { db, vault, caseId }: CaseHarness,
  instant: string,
): Promise<readonly string[]> {
  const now = Temporal.Instant.from(instant);
  const failures: unknown[] = [];
  const worker = new TimerWorker({
    db,
    vault,
    accounts: harnessBots,
    timers: await loadTimers(),
    now: () => now,
    onSteps: () => {},
    onFailure: (_, error) => failures.push(error),
  });
  worker.start((error) => failures.push(error));
  await worker.stop();
  if (failures.length > 0) throw new AggregateError(failures, "a timer failed");
  return (await openedSteps(db, vault, caseId)).flatMap(({ lane, step }) =>
    step.kind === "send" ? [`${lane}: ${step.content.body}`] : [],
  );
}
