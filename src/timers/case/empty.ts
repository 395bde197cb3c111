import { listCaseRooms, listPeople } from "../../db/repositories/cases.ts";
import { barFromRoom, lockCase } from "../../db/repositories/members.ts";
import { hasWaitingFiles } from "../../db/repositories/outbox.ts";
import { listMembers } from "../../db/repositories/rooms.ts";
import { setTimer } from "../../db/repositories/timers.ts";
import type { UserId } from "../../domain/ids.ts";
import { logAct } from "../../services/acts.ts";
import { EMPTYING } from "../../services/case/retention.ts";
import {
  changeSeats,
  enqueueMemberStep,
  kickFrom,
  type Registry,
} from "../../services/member/case-seats.ts";
import { emptyFormerRooms } from "../../services/member/former-rooms.ts";
import type { CaseWork } from "../../services/work.ts";
import { defineTimer } from "../timer.ts";

/** Whoever is barred cannot read what is sent afterwards: the closing export has this long to arrive. */
const PATIENCE = { minutes: 60 } as const;
const AGAIN = { minutes: 1 } as const;

/**
 * Takes everybody out of the rooms of a case that is over, a little after it was said and after the
 * files of its export were given, whoever has let them in. People stay on the roster, which says who
 * took part; the bots stay in the rooms, so that these can be purged later.
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
    const others = await takeOutStrangers(work, registry, new Set(people.map((one) => one.userId)));
    await emptyFormerRooms(work, registry);
    await logAct(work, EMPTYING, { people: people.length, others });
    return undefined;
  },
});

/** @returns how many people were in a room without being on the roster */
async function takeOutStrangers(
  work: CaseWork,
  registry: Registry,
  roster: ReadonlySet<UserId>,
): Promise<number> {
  const known = new Set<UserId>([...roster, ...Object.values(registry.bots)]);
  const strangers = new Set<UserId>();
  for (const room of await listCaseRooms(work.db, work.caseId)) {
    if (room.roomId === undefined) continue;
    const here = await listMembers(work.db, room.roomId, ["join", "invite", "knock"]);
    for (const { userId } of here) {
      if (known.has(userId)) continue;
      strangers.add(userId);
      await barFromRoom(work.db, room.id, userId);
      await enqueueMemberStep(work, registry, room, kickFrom(room, userId));
    }
  }
  return strangers.size;
}
