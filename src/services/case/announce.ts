import { listCaseRooms } from "../../db/repositories/cases.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import type { Outcome } from "../../documents/message/outcome.ts";
import type { CaseRoom } from "../../domain/case/case.ts";
import type { Registry } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { noticesRoom } from "./common-room.ts";

/**
 * Lets the registrar tell everybody something, unless it is said there anyway.
 *
 * @param answeredIn the room whose people read the command's own answer; undefined if nobody else does
 */
export async function announce(
  work: CaseWork,
  { case: of, bots, cause }: Registry,
  outcome: Outcome,
  answeredIn: CaseRoom | undefined,
): Promise<void> {
  const rooms = await listCaseRooms(work.db, work.caseId);
  const room = noticesRoom(rooms, of.template);
  if (room === undefined || room.id === answeredIn?.id) return;
  await enqueueStep(work.db, work.seal, work.now, {
    account: bots.registrar,
    lane: room.roomId ?? `case:${of.id}`,
    caseId: of.id,
    step: {
      kind: "send",
      room: room.roomId === undefined ? { caseRoomId: room.id } : { roomId: room.roomId },
      type: "m.room.message",
      content: noticeContent(outcome),
    },
    cause,
    slot: "announcement",
  });
}
