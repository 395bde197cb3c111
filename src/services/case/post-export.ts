import { listCaseRooms } from "../../db/repositories/cases.ts";
import { enqueueStep, type Step } from "../../db/repositories/outbox.ts";
import { asJson, caseAsMarkdown } from "../../documents/case-export.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import { answer, paragraph } from "../../documents/message/outcome.ts";
import type { Case } from "../../domain/case/case.ts";
import type { Registry } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { leadersRoom } from "./common-room.ts";
import { exportCase, notExported } from "./export-case.ts";

/**
 * Gives the leaders, in their own room and before everybody leaves it, what may be kept of a case that
 * ends; what was said in rooms of two States is not in it.
 */
export async function postExport(
  work: CaseWork,
  { bots, cause }: Pick<Registry, "bots" | "cause">,
  of: Case,
): Promise<void> {
  const rooms = await listCaseRooms(work.db, work.caseId);
  const room = leadersRoom(rooms, of.template, "registrar");
  if (room === undefined) return;
  const exported = await exportCase(work, { case: of, room }, notExported(of));
  const reference = room.roomId === undefined ? { caseRoomId: room.id } : { roomId: room.roomId };
  const file = (fileName: string, mimeType: string, text: string): Step => ({
    kind: "send-file",
    room: reference,
    fileName,
    mimeType,
    bytesBase64: Buffer.from(text).toString("base64"),
  });
  const note = answer(
    paragraph(
      "These two files hold what may be kept of the case. Keep them as you keep the case file itself: from here they will be gone.",
    ),
  );
  const steps: readonly (readonly [slot: string, step: Step])[] = [
    [
      "export-note",
      { kind: "send", room: reference, type: "m.room.message", content: noticeContent(note) },
    ],
    ["export-text", file(`${of.code}.md`, "text/markdown", caseAsMarkdown(exported))],
    ["export-data", file(`${of.code}.json`, "application/json", asJson(exported))],
  ];
  for (const [slot, step] of steps) {
    await enqueueStep(work.db, work.seal, work.now, {
      account: bots.registrar,
      lane: room.roomId ?? `case:${of.id}`,
      caseId: of.id,
      step,
      cause,
      slot,
    });
  }
}
