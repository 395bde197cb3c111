import { retentionOf } from "../../config/retention.ts";
import { roomTemplate } from "../../config/room-template.ts";
import { cancelTimers, setTimer } from "../../db/repositories/timers.ts";
import type { Case } from "../../domain/case/case.ts";
import { stateOf } from "../../domain/case/life.ts";
import type { CaseWork } from "../work.ts";
import { alarmAt } from "./agreement-timers.ts";

/**
 * The kind of the timers that say when a class of data has to be destroyed. They are no timers of a
 * bot: what they ask for is done between two runs of the bots (src/process/destroy-due.ts).
 */
export const RETENTION = "case.retention";

/** The kind of the timers that announce a destruction in a case that still lives. */
export const RETENTION_ALARM = "case.retention-alarm";

const alarmTime = "09:00";

/** The instant at which a destruction is announced, that many days before the last day. */
export function announcementAt(
  dueAt: Temporal.Instant,
  days: number,
  zone: string,
): Temporal.Instant {
  const lastDay = dueAt.toZonedDateTimeISO(zone).toPlainDate().subtract({ days: 1 });
  return alarmAt(lastDay.toString(), days, { alarmTime, zone });
}

const alarmSubject = (name: string, days: number) => `${name}:${days}`;

export function readAlarmSubject(subject: string): {
  readonly name: string;
  readonly days: number;
} {
  const [name = "", days] = subject.split(":");
  return { name, days: Number(days) };
}

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
  const alarms = begun.flatMap(({ name, rules }) =>
    rules.announceDays.map((days) => alarmSubject(name, days)),
  );
  if (alarms.length > 0) await cancelTimers(db, caseId, RETENTION_ALARM, alarms);
}

/**
 * Sets what happens by itself after a state has begun. The same state again changes nothing. With the
 * final state begins whatever has not begun: a case can come to its end past the state of a class.
 */
export async function beginState(
  work: Pick<CaseWork, "db" | "now" | "caseId">,
  of: Pick<Case, "template" | "profile">,
  state: string,
): Promise<void> {
  const { db, caseId, now } = work;
  const { life } = roomTemplate(of.template);
  const { final } = stateOf(life, state);
  const zone = of.profile.timeZone;
  for (const { name, rules, from } of retentionOf(of.template)) {
    if (from !== state && !final) continue;
    const dueAt = endOfRetention(now, rules.keep, zone);
    const cause = `${RETENTION} ${caseId} ${name}`;
    await setTimer(db, { caseId, kind: RETENTION, subject: name, dueAt, cause });
    for (const days of final ? [] : rules.announceDays) {
      const subject = alarmSubject(name, days);
      const alarm = { caseId, kind: RETENTION_ALARM, subject };
      const alarmDueAt = announcementAt(dueAt, days, zone);
      if (Temporal.Instant.compare(alarmDueAt, now) <= 0) continue;
      await setTimer(db, { ...alarm, dueAt: alarmDueAt, cause: `${cause} ${days}` });
    }
  }
  if (!final) return;
  const dueAt = now.add({ minutes: life.emptyAfterMinutes });
  const cause = `${EMPTYING} ${caseId}`;
  await setTimer(db, { caseId, kind: EMPTYING, subject: state, dueAt, cause });
}
