import { createHash } from "node:crypto";
import { sql, type Transaction } from "kysely";
import type { CaseId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";

/** The hash before the first entry. */
export const firstHash = "0".repeat(64);

export interface JournalEntry {
  readonly at: Temporal.Instant;
  /** A Matrix id, or `operator`. */
  readonly actor: string;
  readonly caseId: CaseId | undefined;
  /** What was done, as noun and verb: `meeting.schedule`. */
  readonly act: string;
  /** Subject of the act and the justification given; sealed. */
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Appends an act to the log, in the transaction of the act itself. Each row's hash covers the row
 * and the hash before it, so that a changed, removed or reordered row is found.
 */
export async function appendToJournal(
  db: Transaction<Database>,
  box: SealBox,
  entry: JournalEntry,
): Promise<void> {
  // One writer at a time: the next hash needs the last one. The lock ends with the transaction.
  await sql`lock table journal in exclusive mode`.execute(db);
  const last = await db
    .selectFrom("journal")
    .select(["sequence", "hash"])
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  const sequence = (last?.sequence ?? 0) + 1;
  const row = {
    sequence,
    at: entry.at.toString(),
    actor: entry.actor,
    case_id: entry.caseId ?? null,
    act: entry.act,
    details: box.seal<unknown>(
      { table: "journal", column: "details", row: String(sequence) },
      entry.details,
    ),
    previous_hash: last?.hash ?? firstHash,
  };
  await db
    .insertInto("journal")
    .values({ ...row, hash: hashOfEntry(row) })
    .execute();
}

/** SHA-256 over the fields in a fixed order; `details` enters as it is stored, sealed. */
export function hashOfEntry(row: {
  readonly sequence: number;
  readonly at: string;
  readonly actor: string;
  readonly case_id: string | null;
  readonly act: string;
  readonly details: string;
  readonly previous_hash: string;
}): string {
  const fields = [
    row.sequence,
    row.at,
    row.actor,
    row.case_id,
    row.act,
    row.details,
    row.previous_hash,
  ];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}
