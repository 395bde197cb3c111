import {
  type KnownFinding,
  listFindings,
  saveFinding,
} from "../../db/repositories/guard-findings.ts";
import {
  enqueueStep,
  type RoomReference,
  type Step,
  transactionIdOf,
} from "../../db/repositories/outbox.ts";
import { type Decision, decide } from "../../domain/guard/decide.ts";
import { type Finding, takenOutEachTime } from "../../domain/guard/findings.ts";
import { type CaseId, RoomId, type UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { MANAGEMENT_LANE } from "../management/report.ts";
import type { Work } from "../work.ts";
import type { Outlook } from "./finding-text.ts";

/** A room that is guarded. */
export interface GuardedRoom {
  /** Neutral, for alerts and for the log. */
  readonly name: string;
  /** The room as it is now. */
  readonly roomId: RoomId;
  /** What it is, whichever room it is at a time. */
  readonly reference: Exclude<RoomReference, { readonly roomId: RoomId }>;
}

export interface FoundInRoom {
  readonly room: GuardedRoom;
  readonly finding: Finding;
}

/** Of what a room is one: of a case, or of the deployment, whose operators have one. */
export interface GuardScope {
  readonly work: Work;
  /** Undefined for the operators' room. */
  readonly caseId: CaseId | undefined;
  /** Seals the steps. */
  readonly seal: SealBox;
  readonly registrar: UserId;
  /** Tells those who have to know of a finding. */
  tell(found: FoundInRoom, outlook: Outlook, cause: string): Promise<void>;
  log(act: string, details: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Compares what was found with what was known: begins repairs, tells people, notes what is over. In one
 * transaction with the steps that it causes.
 *
 * @param looked whether a known finding of this kind was looked for: others stay as they are
 */
export async function settleFindings(
  scope: GuardScope,
  found: readonly FoundInRoom[],
  looked: (known: KnownFinding) => boolean,
): Promise<void> {
  const { db, now } = scope.work;
  const known = await listFindings(db, scope.caseId);
  const keyOf = (roomId: string, kind: string, subject: string) => `${roomId} ${kind} ${subject}`;
  const history = new Map(
    known.map((one) => [keyOf(one.roomId, one.kind, one.subject), one] as const),
  );
  const present = new Set<string>();
  for (const one of found) {
    const key = keyOf(one.room.roomId, one.finding.kind, one.finding.subject);
    present.add(key);
    await settle(scope, one, history.get(key));
  }
  for (const [key, one] of history) {
    if (one.endedAt !== undefined || present.has(key) || !looked(one)) continue;
    await saveFinding(db, scope.caseId, {
      ...one,
      endedAt: now,
      ...(takenOutEachTime.has(one.kind) ? {} : { toldAt: undefined }),
    });
  }
}

/** Somebody who is barred has come into a room again: each time is another one, whatever lasts. */
export async function settleArrival(scope: GuardScope, found: FoundInRoom): Promise<void> {
  const { room, finding } = found;
  const { db, now } = scope.work;
  const known = (await listFindings(db, scope.caseId)).find(
    (one) =>
      one.roomId === room.roomId && one.kind === finding.kind && one.subject === finding.subject,
  );
  await settle(scope, found, known && { ...known, endedAt: known.endedAt ?? now });
}

async function settle(
  scope: GuardScope,
  found: FoundInRoom,
  known: KnownFinding | undefined,
): Promise<void> {
  const { db, now } = scope.work;
  const { finding, room } = found;
  const { kind, subject, evidence } = finding;
  const lasting = known?.endedAt === undefined ? known : undefined;
  const decision = decide(finding, known, now, await hasFailed(scope, known));
  if (decision.kind === "wait" && lasting?.evidence === evidence) return;
  const tells = decision.kind === "tell" || (decision.kind === "repair" && decision.tell);
  const repairs = decision.kind === "repair";
  await saveFinding(db, scope.caseId, {
    ...{ roomId: room.roomId, kind, subject, evidence, endedAt: undefined },
    since: lasting?.since ?? now,
    // Of somebody who is taken out again and again people hear once an hour, not each time.
    toldAt: tells ? now : (lasting ?? (takenOutEachTime.has(kind) ? known : undefined))?.toldAt,
    repairedEvidence: repairs ? evidence : known?.repairedEvidence,
    repairedAt: repairs ? now : known?.repairedAt,
    repairedBefore: repairs ? known?.repairedAt : known?.repairedBefore,
  });
  if (decision.kind === "wait") return;
  const cause = causeOf(room.roomId, finding, now);
  if (repairs) await repair(scope, found, cause);
  if (tells) await scope.tell(found, outlookOf(decision), cause);
  await scope.log(repairs ? "guard.repair" : "guard.tell", {
    ...{ room: room.name, finding: kind, subject, evidence },
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
async function hasFailed(
  { work: { db } }: GuardScope,
  known: KnownFinding | undefined,
): Promise<boolean> {
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
  { work: { db, now }, seal, caseId, registrar }: GuardScope,
  { room, finding }: FoundInRoom,
  cause: string,
): Promise<void> {
  const step = stepOf(finding, room);
  if (step === undefined) return;
  const { roomId, reference } = room;
  const name = "management" in reference ? MANAGEMENT_LANE : reference.caseRoomId;
  // Powers of a room are changed one after the other, by whomever.
  const lane =
    finding.kind === "powers"
      ? `power:${name}`
      : finding.remedy.kind === "kick"
        ? `kick:${name}:${finding.remedy.userId}`
        : `guard:${roomId}`;
  const account = finding.remedy.kind === "leave" ? finding.remedy.userId : registrar;
  await enqueueStep(db, seal, now, {
    ...{ account, lane, caseId, step, cause, slot: "repair" },
  });
}

function stepOf(
  { remedy, evidence }: Finding,
  { roomId, reference }: GuardedRoom,
): Step | undefined {
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
      // Who is an operator is asked of the room that is theirs.
      return {
        kind: "kick",
        room: "management" in reference ? reference : { roomId },
        userId: remedy.userId,
      };
    case "leave":
      return { kind: "leave", room: { roomId } };
    case "follow": {
      const to = RoomId.safeParse(remedy.replacement).data;
      if (to === undefined) return undefined;
      return "management" in reference
        ? { kind: "follow-management", from: roomId, to }
        : { kind: "follow-room", caseRoomId: reference.caseRoomId, from: roomId, to };
    }
    case "tell":
      return undefined;
  }
}
