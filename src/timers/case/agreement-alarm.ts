import { roomTemplate } from "../../config/room-template.ts";
import { listCaseRooms } from "../../db/repositories/cases.ts";
import { answer, code, paragraph, strong } from "../../documents/message/outcome.ts";
import { daysLeft } from "../../domain/case/agreement.ts";
import { isBinding, stateNameOf, stateOf } from "../../domain/case/life.ts";
import { formatDay } from "../../domain/time/format.ts";
import { logAct } from "../../services/acts.ts";
import { ALARM, alarmAt } from "../../services/case/agreement-timers.ts";
import { leadersRoom } from "../../services/case/common-room.ts";
import { defineTimer } from "../timer.ts";

/** The days before the end of a JIT agreement on which its leaders are told (Model Agreement 2017/C 18/01). */
export default defineTimer({
  kind: ALARM,
  bot: "registrar",
  async handle({ work, case: of, subject }) {
    const { life } = roomTemplate(of.template);
    const last = of.profile.agreement?.period?.to;
    const rules = life.agreement;
    if (rules === undefined || last === undefined) return undefined;
    if (!isBinding(stateOf(life, stateNameOf(life, of.state)))) return undefined;
    const zone = of.profile.timeZone;
    const isDue = (days: number) =>
      Temporal.Instant.compare(
        alarmAt(last, days, { alarmTime: rules.alarmTime, zone }),
        work.now,
      ) <= 0;
    // So late that a nearer alarm is due as well, or the end is past: that one alone is enough.
    if (rules.alarmDays.some((days) => days < Number(subject) && isDue(days))) return undefined;
    const left = daysLeft(last, work.now, zone);
    if (left < 0) return undefined;
    const room = leadersRoom(await listCaseRooms(work.db, work.caseId), of.template, "registrar");
    if (room === undefined) return undefined;
    await logAct(work, ALARM, { days: Number(subject), last });
    return {
      room,
      ...answer(
        paragraph(
          "The JIT agreement ends ",
          strong(left === 0 ? "today" : `in ${left} ${left === 1 ? "day" : "days"}`),
          `, at the end of ${formatDay(Temporal.PlainDate.from(last))}.`,
        ),
        paragraph(
          "An extension is agreed by all parties in writing before that (Appendix II of the Model Agreement). Then type ",
          code("!case agreement extend <last day>"),
          `. Without it the case becomes ${stateOf(life, rules.lapseTo).title} by itself.`,
        ),
      ),
    };
  },
});
