import { roomTemplate } from "../../config/room-template.ts";
import { cancelTimers, setTimer } from "../../db/repositories/timers.ts";
import { endOfAgreement } from "../../domain/case/agreement.ts";
import type { Case } from "../../domain/case/case.ts";
import type { CaseWork } from "../work.ts";

export const BEGIN = "agreement.begin";
export const ALARM = "agreement.alarm";
export const LAPSE = "agreement.lapse";

/** The instant of the alarm that many days before the last day. */
export function alarmAt(
  lastDay: string,
  days: number,
  { alarmTime, zone }: { readonly alarmTime: string; readonly zone: string },
): Temporal.Instant {
  return Temporal.PlainDate.from(lastDay)
    .subtract({ days })
    .toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(alarmTime) })
    .toInstant();
}

/**
 * Sets the word about the first day of the JIT agreement, the alarms before its end and its lapse, in the transaction that writes its
 * period; what was set for another period is removed. Alarms whose time is past are not set.
 */
export async function planAgreement(
  { db, now, caseId }: Pick<CaseWork, "db" | "now" | "caseId">,
  { template, profile }: Pick<Case, "template" | "profile">,
): Promise<void> {
  const rules = roomTemplate(template).life.agreement;
  const period = profile.agreement?.period;
  if (rules === undefined || period === undefined) return;
  const { from: first, to: last } = period;
  const zone = profile.timeZone;
  const subjects = rules.alarmDays.map(String);
  await cancelTimers(db, caseId, ALARM, subjects);
  await cancelTimers(db, caseId, LAPSE, ["0"]);
  await cancelTimers(db, caseId, BEGIN, ["0"]);
  // An alarm that was removed may be set again for the same day, so that each plan has its own causes.
  const plan = `${caseId} ${last} ${now.epochMilliseconds}`;
  for (const days of rules.alarmDays) {
    const dueAt = alarmAt(last, days, { alarmTime: rules.alarmTime, zone });
    if (Temporal.Instant.compare(dueAt, now) <= 0) continue;
    const subject = String(days);
    const cause = `${ALARM} ${plan} ${subject}`;
    await setTimer(db, { caseId, kind: ALARM, subject, dueAt, cause });
  }
  const begins = alarmAt(first, 0, { alarmTime: rules.alarmTime, zone });
  if (Temporal.Instant.compare(begins, now) > 0) {
    const cause = `${BEGIN} ${plan} ${first}`;
    await setTimer(db, { caseId, kind: BEGIN, subject: "0", dueAt: begins, cause });
  }
  const dueAt = endOfAgreement(last, zone);
  await setTimer(db, { caseId, kind: LAPSE, subject: "0", dueAt, cause: `${LAPSE} ${plan}` });
}
