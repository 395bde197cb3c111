import type { Step } from "../../db/repositories/outbox.ts";
import type { PlannedRoom } from "./plan-rooms.ts";
import { roomContent } from "./room-content.ts";

/** A step with what tells it from the others of its cause. */
export interface SlottedStep {
  readonly slot: string;
  readonly step: Step;
}

export function createRoomStep(room: PlannedRoom, federate: boolean): SlottedStep {
  return {
    slot: `create-${room.position}`,
    step: { kind: "create-room", caseRoomId: room.id, content: roomContent({ ...room, federate }) },
  };
}

/** The bots come first, so that they hear what people say from the beginning. */
export function inviteBots(room: PlannedRoom): SlottedStep[] {
  return room.bots.map((userId, index) => ({
    slot: `bot-${room.position}-${index}`,
    step: { kind: "invite", room: { caseRoomId: room.id }, userId },
  }));
}

export function invitePeople(room: PlannedRoom): SlottedStep[] {
  return room.people.map(({ userId }, index) => ({
    slot: `invite-${room.position}-${index}`,
    step: { kind: "invite", room: { caseRoomId: room.id }, userId },
  }));
}
