import { listPeople } from "../../db/repositories/cases.ts";
import { lockCase } from "../../db/repositories/members.ts";
import { logAct } from "../../services/acts.ts";
import { EMPTYING } from "../../services/case/retention.ts";
import { changeSeats } from "../../services/member/case-seats.ts";
import { defineTimer } from "../timer.ts";

/**
 * Takes everybody out of the rooms of a case that is over, a little after it was said. They stay on the
 * roster, which says who took part; the bots stay in the rooms, so that these can be purged later.
 */
export default defineTimer({
  kind: EMPTYING,
  bot: "registrar",
  async handle({ work, case: of, bots }) {
    await lockCase(work.db, work.caseId);
    const people = await listPeople(work.db, work.seal, work.caseId);
    const registry = { case: of, bots, cause: `${EMPTYING} ${of.id}` };
    for (const { userId, profile } of people) {
      await changeSeats(work, registry, userId, profile, undefined);
    }
    await logAct(work, EMPTYING, { people: people.length });
    return undefined;
  },
});
