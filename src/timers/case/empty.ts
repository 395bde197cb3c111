import { listCaseRooms, listPeople } from "../../db/repositories/cases.ts";
import { barFromRoom, lockCase } from "../../db/repositories/members.ts";
import { listMembers } from "../../db/repositories/rooms.ts";
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

/**
 * Takes everybody out of the rooms of a case that is over, a little after it was said, whoever has let
 * them in. People stay on the roster, which says who took part; the bots stay in the rooms, so that these
 * can be purged later.
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
