import { readJournalHead } from "../../db/repositories/journal.ts";
import { cancelOutsideCases, isSetOutsideCases, setTimer } from "../../db/repositories/timers.ts";
import { answer, code, paragraph, strong } from "../../documents/message/outcome.ts";
import type { UserId } from "../../domain/ids.ts";
import { reportToOperators } from "../management/report.ts";
import type { Work } from "../work.ts";

/** The kind of the timer that says where the log ends. */
export const LOG_END = "log.end";

/** Operators may live anywhere; a day of the log is one in UTC. */
const postedAt = Temporal.PlainTime.from("06:00");
const zone = "UTC";

/** Has the end of the log said every day from now on, or not any more. */
export async function scheduleLogEnd(work: Work, wanted: boolean): Promise<void> {
  if (!wanted) {
    await cancelOutsideCases(work.db, LOG_END);
    return;
  }
  if (await isSetOutsideCases(work.db, LOG_END)) return;
  const present = work.now.toZonedDateTimeISO(zone);
  const isPast = Temporal.PlainTime.compare(present.toPlainTime(), postedAt) >= 0;
  await setLogEnd(work, present.toPlainDate().add({ days: isPast ? 1 : 0 }));
}

/**
 * Says where the log ends, and sets the next time: tomorrow, however late it is today, so that it is said
 * once a day. What was missed while no process ran is not made up for: the present end covers it.
 */
export async function postLogEnd(work: Work, registrar: UserId): Promise<void> {
  const { count, hash } = await readJournalHead(work.db);
  const today = work.now.toZonedDateTimeISO(zone).toPlainDate();
  await reportToOperators(work, registrar, {
    ...{ cause: `${LOG_END}.${today}`, slot: "log-end" },
    outcome: answer(
      paragraph("The log of acts ends today at ", strong(`${count}:${hash}`), "."),
      paragraph(
        "Whether it still holds all of that: ",
        code(`rogatory log verify --since ${count}:${hash}`),
        ", now or at any later time.",
      ),
    ),
  });
  await setLogEnd(work, today.add({ days: 1 }));
}

async function setLogEnd({ db }: Work, day: Temporal.PlainDate): Promise<void> {
  const dueAt = day.toZonedDateTime({ timeZone: zone, plainTime: postedAt }).toInstant();
  const cause = `${LOG_END} ${day}`;
  await setTimer(db, { caseId: undefined, kind: LOG_END, subject: "", dueAt, cause });
}
