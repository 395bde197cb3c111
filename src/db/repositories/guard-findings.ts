import type { Kysely, Transaction } from "kysely";
import type { CaseId, RoomId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

export interface KnownFinding {
  readonly roomId: RoomId;
  readonly kind: string;
  readonly subject: string;
  readonly evidence: string;
  readonly since: Temporal.Instant;
  /** Undefined while it lasts. */
  readonly endedAt: Temporal.Instant | undefined;
  readonly toldAt: Temporal.Instant | undefined;
  readonly repairedEvidence: string | undefined;
  readonly repairedAt: Temporal.Instant | undefined;
  /** When it was repaired the time before that. */
  readonly repairedBefore: Temporal.Instant | undefined;
}

/**
 * All findings of a case, those that are over included: a repair counts for longer than the drift.
 *
 * @param caseId undefined for those of the operators' room
 */
export async function listFindings(
  db: Reader,
  caseId: CaseId | undefined,
): Promise<readonly KnownFinding[]> {
  const findings = db.selectFrom("guard_finding").selectAll();
  const rows = await (caseId === undefined
    ? findings.where("case_id", "is", null)
    : findings.where("case_id", "=", caseId)
  )
    .orderBy("since")
    .orderBy("kind")
    .orderBy("subject")
    .execute();
  return rows.map((row) => ({
    roomId: row.room_id,
    kind: row.kind,
    subject: row.subject,
    evidence: row.evidence,
    since: Temporal.Instant.from(row.since),
    endedAt: instantOf(row.ended_at),
    toldAt: instantOf(row.told_at),
    repairedEvidence: row.repaired_evidence ?? undefined,
    repairedAt: instantOf(row.repaired_at),
    repairedBefore: instantOf(row.repaired_before),
  }));
}

/** Writes a finding as it now stands. */
export async function saveFinding(
  db: Transaction<Database>,
  caseId: CaseId | undefined,
  finding: KnownFinding,
): Promise<void> {
  const { roomId, kind, subject, evidence } = finding;
  const state = {
    evidence,
    since: instantText(finding.since),
    ended_at: textOf(finding.endedAt),
    told_at: textOf(finding.toldAt),
    repaired_evidence: finding.repairedEvidence ?? null,
    repaired_at: textOf(finding.repairedAt),
    repaired_before: textOf(finding.repairedBefore),
  };
  await db
    .insertInto("guard_finding")
    .values({ case_id: caseId ?? null, room_id: roomId, kind, subject, ...state })
    .onConflict((conflict) => conflict.columns(["room_id", "kind", "subject"]).doUpdateSet(state))
    .execute();
}

function instantOf(text: string | null): Temporal.Instant | undefined {
  return text === null ? undefined : Temporal.Instant.from(text);
}

function textOf(instant: Temporal.Instant | undefined): string | null {
  return instant === undefined ? null : instantText(instant);
}
