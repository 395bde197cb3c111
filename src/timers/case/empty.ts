import { listPeople } from "../../db/repositories/cases.ts";
import { lockCase } from "../../db/repositories/members.ts";
import { hasWaitingFiles } from "../../db/repositories/outbox.ts";
import { setTimer } from "../../db/repositories/timers.ts";
import { logAct } from "../../services/acts.ts";
import { EMPTYING } from "../../services/case/retention.ts";
import { changeSeats } from "../../services/member/case-seats.ts";
import { defineTimer } from "../timer.ts";

/** Whoever is barred cannot read what is sent afterwards: the closing export has this long to arrive. */
const PATIENCE = { minutes: 60 } as const;
const AGAIN = { minutes: 1 } as const;

/**
 * Takes everybody out of the rooms of a case that is over, a little after it was said, and after the
 * files of its export were given. They stay on the roster, which says who took part; the bots stay in
 * the rooms, so that these can be purged later.
 */
export default defineTimer({
  kind: EMPTYING,
  bot: "registrar",
  async handle({ work, case: of, bots, subject }) {
    const { db, caseId, now } = work;
    await lockCase(db, caseId);
    if (await hasWaitingFiles(db, bots.registrar, caseId, now.subtract(PATIENCE))) {
      const dueAt = now.add(AGAIN);
      const cause = `${EMPTYING} ${caseId} ${dueAt}`;
      await setTimer(db, { caseId, kind: EMPTYING, subject, dueAt, cause });
      return undefined;
    }
    const people = await listPeople(db, work.seal, caseId);
    const registry = { case: of, bots, cause: `${EMPTYING} ${of.id}` };
    for (const { userId, profile } of people) {
      await changeSeats(work, registry, userId, profile, undefined);
    }
    await logAct(work, EMPTYING, { people: people.length });
    return undefined;
  },
});
