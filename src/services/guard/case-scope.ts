import { enqueueStep } from "../../db/repositories/outbox.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import type { RoomId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { leadersRoom } from "../case/common-room.ts";
import { reportToOperators } from "../management/report.ts";
import type { CaseSeats } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { describeFinding, describeOutlook, type Outlook } from "./finding-text.ts";
import type { FoundInRoom, GuardedRoom, GuardScope } from "./settle-findings.ts";

export interface GuardContext {
  readonly case: Case;
  readonly bots: BotAccounts;
  readonly seats: readonly CaseSeats[];
}

/** @param roomId the room as it is now */
export function guardedRoom({ name, room }: CaseSeats, roomId: RoomId): GuardedRoom {
  return { name, roomId, reference: { caseRoomId: room.id } };
}

/** The rooms of a case: what concerns them is told to those who lead it, and stands in its log. */
export function caseScope(work: CaseWork, context: GuardContext): GuardScope {
  return {
    ...{ work, caseId: work.caseId, seal: work.seal, registrar: context.bots.registrar },
    tell: (found, outlook, cause) => tell(work, context, found, outlook, cause),
    log: (act, details) => logAct(work, act, details),
  };
}

/** Told where it may be known, and to the operators without anything but the code of the case. */
async function tell(
  work: CaseWork,
  context: GuardContext,
  { room: { name, reference }, finding }: FoundInRoom,
  outlook: Outlook,
  cause: string,
): Promise<void> {
  const { db, seal, now, caseId } = work;
  const { registrar } = context.bots;
  const what = describeFinding(finding);
  const by = finding.sender === undefined ? "" : `, by ${finding.sender}`;
  const id = "caseRoomId" in reference ? reference.caseRoomId : undefined;
  const seat = context.seats.find(({ room }) => room.id === id);
  if (seat !== undefined) {
    const to = audienceOf(seat, context);
    const lines = [
      paragraph(strong(name), `: ${what}${by}.`),
      paragraph(describeOutlook(finding.kind, outlook, finding.subject)),
    ];
    await enqueueStep(db, seal, now, {
      ...{ account: registrar, lane: `alert:${to.id}`, caseId, cause, slot: "alert" },
      step: {
        kind: "send",
        room: { caseRoomId: to.id },
        type: "m.room.message",
        content: noticeContent(answer(...lines)),
      },
    });
  }
  await reportToOperators(work, registrar, {
    ...{ cause, slot: "report" },
    outcome: answer(paragraph("Guard: ", strong(name), `: ${what} (${outlook}).`)),
  });
}

/**
 * Of a room outside the space is spoken in that room alone. All else is told where those who lead the
 * case are among themselves, or else where everybody is.
 */
function audienceOf(seat: CaseSeats, { seats, case: of }: GuardContext): CaseRoom {
  if (seat.entry.outsideSpace) return seat.room;
  const rooms = seats.map(({ room }) => room);
  return leadersRoom(rooms, of.template, "registrar") ?? seat.room;
}
