import { retentionClasses } from "../../config/retention.ts";
import { roomTemplate } from "../../config/room-template.ts";
import { listCaseRooms } from "../../db/repositories/cases.ts";
import { dueTimeOf } from "../../db/repositories/timers.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import { formatDay } from "../../domain/time/format.ts";
import { logAct } from "../../services/acts.ts";
import { noticesRoom } from "../../services/case/common-room.ts";
import {
  announcementAt,
  RETENTION,
  RETENTION_ALARM,
  readAlarmSubject,
} from "../../services/case/retention.ts";
import { defineTimer } from "../timer.ts";

/** Says in a case that still lives that some of its data is about to be destroyed. */
export default defineTimer({
  kind: RETENTION_ALARM,
  bot: "registrar",
  async handle({ work, case: of, subject }) {
    const { name, days } = readAlarmSubject(subject);
    const rules = retentionClasses()[name];
    const { life } = roomTemplate(of.template);
    // Nobody is left in the rooms of a case that is over; what was to be known was said at its end.
    if (stateOf(life, stateNameOf(life, of.state)).final || rules === undefined) return undefined;
    const dueAt = await dueTimeOf(work.db, work.caseId, RETENTION, name);
    if (dueAt === undefined || Temporal.Instant.compare(dueAt, work.now) <= 0) return undefined;
    const zone = of.profile.timeZone;
    // So late that a nearer announcement is due as well: that one alone is enough.
    const isDue = (nearer: number) =>
      Temporal.Instant.compare(announcementAt(dueAt, nearer, zone), work.now) <= 0;
    if (rules.announceDays.some((nearer) => nearer < days && isDue(nearer))) return undefined;
    const room = noticesRoom(await listCaseRooms(work.db, work.caseId), of.template);
    if (room === undefined) return undefined;
    await logAct(work, RETENTION_ALARM, { class: name, days });
    const lastDay = dueAt.toZonedDateTimeISO(zone).toPlainDate().subtract({ days: 1 });
    const hasRooms = rules.contents.includes("rooms");
    return {
      room,
      ...answer(
        paragraph(
          `${rules.title}: the retention time ends at the end of `,
          strong(formatDay(lastDay)),
          `. Then ${hasRooms ? "all rooms of the case with everything said in them, this one included, are" : "this data is"} destroyed for good.`,
        ),
        paragraph(`What you may keep, keep before then. The rule: ${rules.source}.`),
      ),
    };
  },
});
