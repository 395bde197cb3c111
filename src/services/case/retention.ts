import { retentionOf } from "../../config/retention.ts";
import { roomTemplate } from "../../config/room-template.ts";
import { cancelTimers, setTimer } from "../../db/repositories/timers.ts";
import type { Case } from "../../domain/case/case.ts";
import { stateOf } from "../../domain/case/life.ts";
import type { CaseWork } from "../work.ts";

/**
 * The kind of the timers that say when a class of data has to be destroyed. They are no timers of a
 * bot: what they ask for is done between two runs of the bots (src/process/destroy-due.ts).
 */
export const RETENTION = "case.retention";

/** The timer that takes people out of the rooms of a case that is over. */
export const EMPTYING = "case.empty";

/** The first instant at which what was kept from a day on must be gone: its last day counts in full. */
export function endOfRetention(
  since: Temporal.Instant,
  keep: Temporal.Duration,
  zone: string,
): Temporal.Instant {
  const last = since.toZonedDateTimeISO(zone).toPlainDate().add(keep);
  return last.add({ days: 1 }).toZonedDateTime(zone).toInstant();
}

/** Removes what a state has set, when the case should not have come into it. */
export async function stopState({ db, caseId }: CaseWork, of: Case, state: string): Promise<void> {
  const begun = retentionOf(of.template).filter(({ from }) => from === state);
  if (begun.length === 0) return;
  const names = begun.map(({ name }) => name);
  await cancelTimers(db, caseId, RETENTION, names);
}

/** Sets what happens by itself after a state has begun. The same state again changes nothing. */
export async function beginState(work: CaseWork, of: Case, state: string): Promise<void> {
  const { db, caseId, now } = work;
  for (const { name, rules, from } of retentionOf(of.template)) {
    if (from !== state) continue;
    const dueAt = endOfRetention(now, rules.keep, of.profile.timeZone);
    const cause = `${RETENTION} ${caseId} ${name}`;
    await setTimer(db, { caseId, kind: RETENTION, subject: name, dueAt, cause });
  }
  const { life } = roomTemplate(of.template);
  if (!stateOf(life, state).final) return;
  const dueAt = now.add({ minutes: life.emptyAfterMinutes });
  const cause = `${EMPTYING} ${caseId}`;
  await setTimer(db, { caseId, kind: EMPTYING, subject: state, dueAt, cause });
}
