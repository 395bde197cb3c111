import type { Transaction } from "kysely";
import {
  bodyHashOf,
  isHeadSigned,
  LOG_ERASED,
  readJournal,
  readJournalHead,
} from "../../db/repositories/journal.ts";
import type { Database } from "../../db/schema.ts";
import { ChainWalk, firstHash, type LogFinding, type LogHead } from "../../vault/log-chain.ts";
import type { Vault } from "../../vault/vault.ts";

export interface LogCheck {
  readonly entries: number;
  /** Hash of the last entry. */
  readonly hash: string;
  /** Ed25519 key of this deployment, base64url: exports are checked against it. */
  readonly publicKey: string;
  /** From which entry on the end of the log is signed; 1 unless the log is older than that. */
  readonly signedSince: number;
  readonly findings: readonly LogFinding[];
}

/**
 * Follows the whole log. The transaction must see one state of the database (repeatable read), for
 * entries may be added meanwhile.
 *
 * @param since where the log ended at an earlier time: a database that was set back does not reach it,
 *   or has other entries there
 */
export async function verifyLog(
  db: Transaction<Database>,
  vault: Vault,
  since?: LogHead,
): Promise<LogCheck> {
  const head = await readJournalHead(db);
  const walk = new ChainWalk();
  let hashThen = since?.count === 0 ? firstHash : undefined;
  const findings: LogFinding[] = [];
  const erased = new Map<string | null, number>();
  let signedSince = 1;
  for await (const row of readJournal(db)) {
    walk.follow({ ...row, bodyHash: bodyHashOf(row) });
    if (row.sequence === since?.count) hashThen = row.hash;
    if (row.body_hash !== null) erased.set(row.case_id, row.sequence);
    // Says that what stood before it was erased on purpose, when its retention time was over.
    else if (row.act === LOG_ERASED) erased.delete(row.case_id);
    if (row.act !== "log.sign") continue;
    if (signedSince > 1) {
      findings.push({
        sequence: row.sequence,
        problem: "the signature of the end was removed here",
      });
    }
    signedSince = row.sequence;
  }
  walk.finish(head);
  if (since !== undefined && hashThen !== since.hash) {
    findings.push({
      sequence: hashThen === undefined ? undefined : since.count,
      problem:
        hashThen === undefined
          ? `the log ended with entry ${since.count} before, and is shorter now: an older database was put in its place`
          : "it is another one than before: an older database was put in its place and written on",
    });
  }
  for (const sequence of erased.values()) {
    findings.push({ sequence, problem: "what it said was erased, and no later entry says why" });
  }
  const { publicKey } = vault.signer;
  if (head.signature === undefined) {
    if (head.count > 0) signedSince = head.count + 1;
    else if (await hasCases(db)) {
      findings.push({ sequence: undefined, problem: "the log is empty, but there are cases" });
    }
  } else if (head.signature.publicKey !== publicKey || !isHeadSigned(head, head.signature)) {
    findings.push({ sequence: undefined, problem: "the signature of the log's head is not valid" });
  }
  const { count, hash } = walk.head;
  return {
    entries: count,
    hash,
    publicKey,
    signedSince,
    findings: [...findings, ...walk.findings],
  };
}

async function hasCases(db: Transaction<Database>): Promise<boolean> {
  return (await db.selectFrom("case_file").select("id").limit(1).executeTakeFirst()) !== undefined;
}
