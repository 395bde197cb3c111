import type { Step } from "../../db/repositories/outbox.ts";
import type { WaysIn } from "../../domain/case/ways.ts";
import type { CaseRoomId, UserId } from "../../domain/ids.ts";
import { enteringStep } from "../member/entering.ts";
import type { PlannedRoom } from "./plan-rooms.ts";
import { roomContent } from "./room-content.ts";

/** A step with what tells it from the others of its cause. */
export interface SlottedStep {
  readonly slot: string;
  readonly step: Step;
}

/** @param space the space of the case, whose members may join rooms that are open to them */
export function createRoomStep(
  room: PlannedRoom,
  federate: boolean,
  space: CaseRoomId | undefined,
): SlottedStep {
  const openTo = room.restricted && space !== undefined ? { openTo: space } : {};
  const content = roomContent({ ...room, federate });
  return {
    slot: `create-${room.position}`,
    step: { kind: "create-room", caseRoomId: room.id, content, ...openTo },
  };
}

/** `via` names a server that is in the room: that of the account which makes it. */
export function linkStep(
  room: Pick<PlannedRoom, "id" | "position">,
  space: CaseRoomId,
  server: string,
): SlottedStep {
  return {
    slot: `child-${room.position}`,
    step: {
      kind: "set-state",
      room: { caseRoomId: space },
      type: "m.space.child",
      stateKey: { caseRoomId: room.id },
      // `order` is sorted as text (Matrix specification, m.space.child).
      content: { via: [server], order: String(room.position).padStart(4, "0"), suggested: true },
    },
  };
}

/** The bots come first, so that they hear what people say from the beginning. */
export function inviteBots(room: PlannedRoom): SlottedStep[] {
  return room.bots.map((userId, index) => ({
    slot: `bot-${room.position}-${index}`,
    step: { kind: "invite", room: { caseRoomId: room.id }, userId },
  }));
}

/** A step for each person whom it takes one to bring into the room. */
export function admitPeople(
  room: PlannedRoom,
  ways: WaysIn,
): (SlottedStep & { readonly userId: UserId })[] {
  return room.people.flatMap(({ userId }, index) => {
    const step = enteringStep(room, userId, ways);
    return step === undefined ? [] : [{ slot: `invite-${room.position}-${index}`, step, userId }];
  });
}
