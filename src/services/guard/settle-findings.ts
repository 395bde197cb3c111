import {
  type KnownFinding,
  listFindings,
  saveFinding,
} from "../../db/repositories/guard-findings.ts";
import { enqueueStep, type Step, transactionIdOf } from "../../db/repositories/outbox.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import { answer, paragraph, strong } from "../../documents/message/outcome.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case, CaseRoom } from "../../domain/case/case.ts";
import { type Decision, decide } from "../../domain/guard/decide.ts";
import type { Finding } from "../../domain/guard/findings.ts";
import { RoomId } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { leadersRoom } from "../case/common-room.ts";
import { reportToOperators } from "../management/report.ts";
import type { CaseSeats } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { describeFinding, describeOutlook, type Outlook } from "./finding-text.ts";

export interface FoundInRoom {
  readonly seat: CaseSeats;
  /** The room as it is now. */
  readonly roomId: RoomId;
  readonly finding: Finding;
}

export interface GuardContext {
  readonly case: Case;
  readonly bots: BotAccounts;
  readonly seats: readonly CaseSeats[];
}

/**
 * Compares what was found with what was known: begins repairs, tells people, notes what is over. In one
 * transaction with the steps that it causes.
 *
 * @param looked whether a known finding of this kind was looked for: others stay as they are
 */
export async function settleFindings(
  work: CaseWork,
  context: GuardContext,
  found: readonly FoundInRoom[],
  looked: (known: KnownFinding) => boolean,
): Promise<void> {
  const known = await listFindings(work.db, work.caseId);
  const keyOf = (roomId: string, kind: string, subject: string) => `${roomId} ${kind} ${subject}`;
  const history = new Map(
    known.map((one) => [keyOf(one.roomId, one.kind, one.subject), one] as const),
  );
  const present = new Set<string>();
  for (const one of found) {
    const key = keyOf(one.roomId, one.finding.kind, one.finding.subject);
    present.add(key);
    await settle(work, context, one, history.get(key));
  }
  for (const [key, one] of history) {
    if (one.endedAt !== undefined || present.has(key) || !looked(one)) continue;
    await saveFinding(work.db, work.caseId, {
      ...one,
      endedAt: work.now,
      ...(one.kind === "barred" ? {} : { toldAt: undefined }),
    });
  }
}

/** Somebody who is barred has come into a room again: each time is another one, whatever lasts. */
export async function settleArrival(
  work: CaseWork,
  context: GuardContext,
  found: FoundInRoom,
): Promise<void> {
  const { roomId, finding } = found;
  const known = (await listFindings(work.db, work.caseId)).find(
    (one) => one.roomId === roomId && one.kind === finding.kind && one.subject === finding.subject,
  );
  await settle(work, context, found, known && { ...known, endedAt: known.endedAt ?? work.now });
}

async function settle(
  work: CaseWork,
  context: GuardContext,
  found: FoundInRoom,
  known: KnownFinding | undefined,
): Promise<void> {
  const { db, caseId, now } = work;
  const { finding, roomId } = found;
  const { kind, subject, evidence } = finding;
  const lasting = known?.endedAt === undefined ? known : undefined;
  const decision = decide(finding, known, now, await hasFailed(work, known));
  if (decision.kind === "wait" && lasting?.evidence === evidence) return;
  const tells = decision.kind === "tell" || (decision.kind === "repair" && decision.tell);
  const repairs = decision.kind === "repair";
  await saveFinding(db, caseId, {
    ...{ roomId, kind, subject, evidence, endedAt: undefined },
    since: lasting?.since ?? now,
    // Of somebody who is taken out again and again people hear once an hour, not each time.
    toldAt: tells ? now : (lasting ?? (kind === "barred" ? known : undefined))?.toldAt,
    repairedEvidence: repairs ? evidence : known?.repairedEvidence,
    repairedAt: repairs ? now : known?.repairedAt,
    repairedBefore: repairs ? known?.repairedAt : known?.repairedBefore,
  });
  if (decision.kind === "wait") return;
  const cause = causeOf(found.roomId, finding, now);
  if (repairs) await repair(work, context, found, cause);
  if (tells) await tell(work, context, found, cause, outlookOf(decision));
  await logAct(work, repairs ? "guard.repair" : "guard.tell", {
    ...{ room: found.seat.name, finding: kind, subject, evidence },
    ...(finding.sender === undefined ? {} : { by: finding.sender }),
    ...(decision.kind === "tell" ? { why: decision.why } : {}),
  });
}

function causeOf(
  roomId: RoomId,
  { kind, subject }: { readonly kind: string; readonly subject: string },
  at: Temporal.Instant,
): string {
  return `guard.${roomId}.${kind}.${subject}.${at.epochMilliseconds}`;
}

/** Whether the step of the last repair was given up. */
async function hasFailed({ db }: CaseWork, known: KnownFinding | undefined): Promise<boolean> {
  if (known?.repairedAt === undefined) return false;
  const row = await db
    .selectFrom("outbox")
    .select("state")
    .where(
      "transaction_id",
      "=",
      transactionIdOf(causeOf(known.roomId, known, known.repairedAt), "repair"),
    )
    .executeTakeFirst();
  return row?.state === "dead";
}

function outlookOf(decision: Exclude<Decision, { kind: "wait" }>): Outlook {
  return decision.kind === "repair" ? "repaired" : decision.why;
}

async function repair(
  { db, seal, now, caseId }: CaseWork,
  { bots }: GuardContext,
  { seat: { room }, roomId, finding }: FoundInRoom,
  cause: string,
): Promise<void> {
  const step = stepOf(finding, room, roomId);
  if (step === undefined) return;
  // Powers of a room are changed one after the other, by whomever.
  const lane =
    finding.kind === "powers"
      ? `power:${room.id}`
      : finding.remedy.kind === "kick"
        ? `kick:${room.id}:${finding.remedy.userId}`
        : `guard:${roomId}`;
  const account = finding.remedy.kind === "leave" ? finding.remedy.userId : bots.registrar;
  await enqueueStep(db, seal, now, {
    ...{ account, lane, caseId, step, cause, slot: "repair" },
  });
}

function stepOf({ remedy, evidence }: Finding, room: CaseRoom, roomId: RoomId): Step | undefined {
  switch (remedy.kind) {
    case "set-state":
      return {
        ...{ kind: "repair-state", room: { roomId }, type: remedy.type, stateKey: "", evidence },
        content: { ...remedy.content },
      };
    case "remove":
      return {
        ...{ kind: "repair-state", room: { roomId }, type: remedy.type, evidence },
        ...{ stateKey: remedy.stateKey, content: {} },
      };
    case "kick":
      return { kind: "kick", room: { roomId }, userId: remedy.userId };
    case "leave":
      return { kind: "leave", room: { roomId } };
    case "follow": {
      const replacement = RoomId.safeParse(remedy.replacement).data;
      if (replacement === undefined) return undefined;
      return { kind: "follow-room", caseRoomId: room.id, from: roomId, to: replacement };
    }
    case "tell":
      return undefined;
  }
}

/** Told where it may be known, and to the operators without anything but the code of the case. */
async function tell(
  work: CaseWork,
  context: GuardContext,
  { seat, finding }: FoundInRoom,
  cause: string,
  outlook: Outlook,
): Promise<void> {
  const { db, seal, now, caseId } = work;
  const { registrar } = context.bots;
  const what = describeFinding(finding);
  const by = finding.sender === undefined ? "" : `, by ${finding.sender}`;
  const to = audienceOf(seat, context);
  const lines = [
    paragraph(strong(seat.name), `: ${what}${by}.`),
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
  await reportToOperators(work, registrar, {
    ...{ cause, slot: "report" },
    outcome: answer(paragraph("Guard: ", strong(seat.name), `: ${what} (${outlook}).`)),
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
