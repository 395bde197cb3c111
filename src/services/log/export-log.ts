import type { Transaction } from "kysely";
import { z } from "zod";
import {
  appendToJournal,
  bodyHashOf,
  type JournalRow,
  placeOfDetails,
  readJournal,
  readJournalHead,
} from "../../db/repositories/journal.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { CaseId } from "../../domain/ids.ts";
import { LogFileWriter } from "../../vault/log-file.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Work } from "../work.ts";

export interface LogExport {
  readonly code: string;
  /** Entries of the case. */
  readonly entries: number;
  readonly publicKey: string;
  /** JSON lines, as `src/vault/log-file.ts` describes them. */
  readonly text: string;
}

/**
 * The log of one case as a signed file. Of other cases it holds hashes only. The export is itself an
 * act, and stands in the file as its last entry.
 *
 * @throws RogatoryError `case.unknown`
 */
export async function exportLog(
  work: Work,
  { code, reason }: { readonly code: string; readonly reason: string },
): Promise<LogExport> {
  const { db, vault, now } = work;
  const { id, seal } = await findKeys(work, code);
  await appendToJournal(
    db,
    { vault, ...(seal === undefined ? {} : { seal }) },
    { at: now, actor: "operator", caseId: id, act: "log.export", details: { reason } },
  );
  const head = await readJournalHead(db);
  if (head.signature === undefined || head.detailsKey === undefined) {
    throw new TypeError("the log's head was not signed by the entry before");
  }
  const { count, hash } = head;
  const writer = new LogFileWriter({
    kind: "header",
    format: "rogatory-log/1",
    case: { id, code },
    exportedAt: now.toString(),
    reason,
    head: { count, hash },
    headSignature: head.signature,
  });
  const boxes = [...(seal === undefined ? [] : [seal]), vault.forLog(head.detailsKey)];
  let entries = 0;
  for await (const row of readJournal(db)) {
    const link = { sequence: row.sequence, previousHash: row.previous_hash, hash: row.hash };
    // Of an entry whose retention time is over there is nothing but its place in the chain.
    if (row.case_id !== id || row.body_hash !== null) {
      writer.add({ kind: "hidden", ...link, bodyHash: bodyHashOf(row) });
      continue;
    }
    entries += 1;
    const { at, actor, act } = row;
    writer.add({
      ...{ kind: "entry", ...link, at, actor, act },
      details: openWith(boxes, row),
      sealed: row.details,
    });
  }
  return { code, entries, publicKey: vault.signer.publicKey, text: writer.finish(vault.signer) };
}

/** Without a key for a case that was shredded: its acts remain, their subjects do not. */
async function findKeys(
  { db, vault }: { readonly db: Transaction<Database>; readonly vault: Work["vault"] },
  code: string,
): Promise<{ readonly id: CaseId; readonly seal: SealBox | undefined }> {
  const row = await db
    .selectFrom("case_file")
    .select(["id", "wrapped_key", "shredded_at"])
    .where("code", "=", code)
    .executeTakeFirst();
  if (row === undefined) {
    throw new RogatoryError(
      "case.unknown",
      `There is no case “${code}”: rogatory case list shows the codes.`,
    );
  }
  return {
    id: row.id,
    seal: row.shredded_at === null ? vault.forCase(row.id, row.wrapped_key) : undefined,
  };
}

const anything = z.unknown();

/** Null where no key opens them any more. */
function openWith(boxes: readonly SealBox[], row: JournalRow): unknown {
  for (const box of boxes) {
    try {
      return box.open<unknown>(placeOfDetails(row.sequence), row.details, anything);
    } catch (error) {
      if (!(error instanceof RogatoryError)) throw error;
    }
  }
  return null;
}
