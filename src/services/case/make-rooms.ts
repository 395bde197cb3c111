import { insertCaseRoom } from "../../db/repositories/cases.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { WaysIn } from "../../domain/case/ways.ts";
import { type CaseRoomId, serverOf } from "../../domain/ids.ts";
import type { CaseWork } from "../work.ts";
import type { PlannedRoom } from "./plan-rooms.ts";
import {
  admitPeople,
  createRoomStep,
  inviteBots,
  linkStep,
  type SlottedStep,
} from "./room-steps.ts";

export interface MakeRooms {
  readonly bots: BotAccounts;
  readonly ways: WaysIn;
  /** Whether people of other homeservers can ever join. */
  readonly federate: boolean;
  /** The space that lists the rooms. */
  readonly space: CaseRoomId | undefined;
  readonly cause: string;
}

/**
 * Plans rooms in the database, and on the homeserver as steps: in one lane all rooms first, then what
 * links them and the bots, who have to be there when people begin to speak. After that each person
 * comes in by a lane of their own, so that a homeserver that is slow or refuses holds up nobody else.
 */
export async function makeRooms(
  { db, seal, now, caseId }: Pick<CaseWork, "db" | "seal" | "now" | "caseId">,
  rooms: readonly PlannedRoom[],
  { bots, ways, federate, space, cause }: MakeRooms,
): Promise<void> {
  for (const { id, kind, section, position, planKey, restricted } of rooms) {
    const room = { id, caseId, kind, section, position, planKey, restricted, roomId: undefined };
    await insertCaseRoom(db, room);
  }
  const lane = `case:${caseId}`;
  const common = { account: bots.registrar, caseId, cause };
  const steps: SlottedStep[] = [
    ...rooms.map((room) => createRoomStep(room, federate, space)),
    ...rooms
      .filter(({ inSpace }) => inSpace)
      .flatMap((room) =>
        space === undefined ? [] : [linkStep(room, space, serverOf(bots.registrar))],
      ),
    ...rooms.flatMap(inviteBots),
  ];
  for (const { slot, step } of steps) {
    await enqueueStep(db, seal, now, { ...common, lane, slot, step });
  }
  for (const { slot, step, userId } of rooms.flatMap((room) => admitPeople(room, ways))) {
    const own = { lane: `people:${caseId}:${userId}`, afterLane: lane };
    await enqueueStep(db, seal, now, { ...common, ...own, slot, step });
  }
}
