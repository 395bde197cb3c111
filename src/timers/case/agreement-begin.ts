import { roomTemplate } from "../../config/room-template.ts";
import { listCaseRooms } from "../../db/repositories/cases.ts";
import { answer, code, paragraph } from "../../documents/message/outcome.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import { formatDay } from "../../domain/time/format.ts";
import { logAct } from "../../services/acts.ts";
import { BEGIN } from "../../services/case/agreement-timers.ts";
import { leadersRoom } from "../../services/case/common-room.ts";
import { defineTimer } from "../timer.ts";

/** The first day of a JIT agreement that was signed before it. The leaders say when the JIT begins to work. */
export default defineTimer({
  kind: BEGIN,
  bot: "registrar",
  async handle({ work, case: of }) {
    const { life } = roomTemplate(of.template);
    const first = of.profile.agreement?.period?.from;
    const { agreement, next } = stateOf(life, stateNameOf(life, of.state));
    const following = next.find((name) => stateOf(life, name).agreement === "in-force");
    if (first === undefined || agreement !== "signed" || following === undefined) return undefined;
    const room = leadersRoom(await listCaseRooms(work.db, work.caseId), of.template, "registrar");
    if (room === undefined) return undefined;
    await logAct(work, BEGIN, { first });
    return {
      room,
      ...answer(
        paragraph(
          `The JIT agreement is in force since the beginning of ${formatDay(Temporal.PlainDate.from(first))}. When the JIT begins its work, a leader types `,
          code(`!case state ${following}`),
          ".",
        ),
      ),
    };
  },
});
