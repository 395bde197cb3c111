import { listCaseRooms } from "../../db/repositories/cases.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import { formatDay } from "../../domain/time/format.ts";
import { LAPSE } from "../../services/case/agreement-timers.ts";
import { lapse } from "../../services/case/change-state.ts";
import { noticesRoom } from "../../services/case/common-room.ts";
import { defineTimer } from "../timer.ts";

/** The end of a JIT agreement that nobody has extended. */
export default defineTimer({
  kind: LAPSE,
  bot: "registrar",
  async handle({ work, case: of }) {
    const state = await lapse(work);
    const last = of.profile.agreement?.period?.to;
    if (state === undefined || last === undefined) return undefined;
    const rooms = await listCaseRooms(work.db, work.caseId);
    const room = noticesRoom(rooms, of.template);
    if (room === undefined) return undefined;
    const day = formatDay(Temporal.PlainDate.from(last));
    return {
      room,
      ...answer(
        paragraph(
          `The JIT agreement ended at the end of ${day} and was not extended. The case is now `,
          strong(state.title),
          ".",
        ),
        paragraph(
          "Evidence gathered after that was not gathered under the agreement. What remains is the evaluation, claims for reimbursement, and closing the case.",
        ),
      ),
    };
  },
});
