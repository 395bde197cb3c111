import { sql, type Transaction } from "kysely";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";
import type { CaseId } from "../../domain/ids.ts";
import { hashOfBody, hashOfEntry, type LogHead } from "../../vault/log-chain.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import { isSignedBy, type Signature } from "../../vault/signing.ts";
import type { Vault, WrappedLogKey } from "../../vault/vault.ts";
import type { Database } from "../schema.ts";

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

/** Keys for an entry: `seal` is the case's box; without it the log's own key seals the details. */
export interface JournalKeys {
  readonly vault: Vault;
  readonly seal?: SealBox;
}

/**
 * Appends an act to the log, in the transaction of the act itself. Each row's hash covers the row
 * and the hash before it, and the signed head says where the log ends, so that a changed, removed or
 * reordered row is found.
 *
 * @throws RogatoryError `log.broken` if the head is not as Rogatory left it, `vault.wrong-key`
 */
export async function appendToJournal(
  db: Transaction<Database>,
  { vault, seal }: JournalKeys,
  entry: JournalEntry,
): Promise<void> {
  await lockJournal(db);
  const head = await readJournalHead(db);
  checkHead(vault, head);
  const detailsKey = head.detailsKey ?? vault.createLogKey();
  const logBox = vault.forLog(detailsKey);
  let end: LogHead = head;
  if (head.signature === undefined && head.count > 0) {
    // Entries from before the head was signed: the log itself says where its protection begins.
    end = await insertEntry(db, logBox, end, { ...entry, actor: "rogatory", ...firstSignature });
  }
  end = await insertEntry(db, seal ?? logBox, end, entry);
  await saveJournalHead(db, vault, end, detailsKey);
}

/** One writer at a time: the next hash needs the last one. The lock ends with the transaction. */
export async function lockJournal(db: Transaction<Database>): Promise<void> {
  await sql`lock table journal in exclusive mode`.execute(db);
}

const firstSignature = { caseId: undefined, act: "log.sign", details: {} } as const;

async function insertEntry(
  db: Transaction<Database>,
  box: SealBox,
  end: LogHead,
  entry: JournalEntry,
): Promise<LogHead> {
  const link = { sequence: end.count + 1, previous_hash: end.hash };
  const body = {
    at: entry.at.toString(),
    actor: entry.actor,
    case_id: entry.caseId ?? null,
    act: entry.act,
    details: box.seal<unknown>(placeOfDetails(link.sequence), entry.details),
  };
  const hash = hashOfEntry(link, hashOfBody(body));
  await db
    .insertInto("journal")
    .values({ ...link, ...body, hash })
    .execute();
  return { count: link.sequence, hash };
}

export function placeOfDetails(sequence: number) {
  return { table: "journal", column: "details", row: String(sequence) } as const;
}

export interface JournalHead extends LogHead {
  /** Undefined until the first entry after the head was introduced. */
  readonly signature: Signature | undefined;
  readonly detailsKey: WrappedLogKey | undefined;
}

export async function readJournalHead(db: Transaction<Database>): Promise<JournalHead> {
  const row = await db.selectFrom("journal_head").selectAll().executeTakeFirst();
  if (row === undefined) throw brokenHead();
  return {
    count: row.count,
    hash: row.hash,
    signature:
      row.public_key === null || row.signature === null
        ? undefined
        : { publicKey: row.public_key, signature: row.signature },
    detailsKey: row.details_key ?? undefined,
  };
}

/** Signs the head and keeps it. */
export async function saveJournalHead(
  db: Transaction<Database>,
  vault: Vault,
  { count, hash }: LogHead,
  detailsKey: WrappedLogKey,
): Promise<void> {
  const { publicKey, signature } = vault.signer.sign(headPurpose, headText({ count, hash }));
  await db
    .updateTable("journal_head")
    .set({ count, hash, public_key: publicKey, signature, details_key: detailsKey })
    .execute();
}

const headPurpose = "rogatory log head 1";

function headText({ count, hash }: LogHead): string {
  return `${count} ${hash}`;
}

/** Whether the head was signed by the key that stands with it. */
export function isHeadSigned(head: LogHead, signature: Signature): boolean {
  return isSignedBy(signature, headPurpose, headText(head));
}

/** A forged head must not be signed into a true one by the next entry. */
function checkHead(vault: Vault, head: JournalHead): void {
  if (head.signature === undefined) return;
  checkPublicKey(vault, head.signature.publicKey);
  if (!isHeadSigned(head, head.signature)) throw brokenHead();
}

function checkPublicKey(vault: Vault, publicKey: string): void {
  if (publicKey === vault.signer.publicKey) return;
  throw new RogatoryError(
    "vault.wrong-key",
    "The master key does not belong to this database: use the key with which it was last opened or to which it was changed (rogatory keys rotate).",
  );
}

/**
 * Refuses a master key that is not the one of this database, before anything is sealed with it.
 *
 * @throws RogatoryError `vault.wrong-key`
 */
export async function checkMasterKey(db: Transaction<Database>, vault: Vault): Promise<void> {
  const { signature } = await readJournalHead(db);
  if (signature !== undefined) checkPublicKey(vault, signature.publicKey);
}

function brokenHead(): RogatoryError {
  return new RogatoryError(
    "log.broken",
    "The end of the log is not as Rogatory left it, and nothing was done: the database was changed by something else. See what rogatory log verify finds, and restore a backup.",
  );
}

/** What the last act of a kind on a case was about; undefined if there is none that the case's key opens. */
export async function lastDetails<T>(
  db: Transaction<Database>,
  seal: SealBox,
  { caseId, act }: { readonly caseId: CaseId; readonly act: string },
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const row = await db
    .selectFrom("journal")
    .select(["sequence", "details"])
    .where("case_id", "=", caseId)
    .where("act", "=", act)
    .where("body_hash", "is", null)
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return schema.safeParse(
    seal.open<unknown>(placeOfDetails(row.sequence), row.details, z.unknown()),
  ).data;
}

export type JournalRow = Database["journal"];

/** The act that follows an erasure. */
export const LOG_ERASED = "log.erase";

/** The hash of what an entry says, or said before it was erased. */
export function bodyHashOf(row: JournalRow): string {
  return row.body_hash ?? hashOfBody(row);
}

/**
 * Erases who did it and what it was about from entries of a case, all or chosen ones; the chain holds by the hash of
 * what stood there. The act of the erasure must be appended after it, or the log is found changed.
 *
 * @returns how many entries were erased
 */
export async function eraseEntries(
  db: Transaction<Database>,
  caseId: CaseId,
  isChosen: (row: JournalRow) => boolean = () => true,
): Promise<number> {
  await sql`lock table journal in exclusive mode`.execute(db);
  const open = await db
    .selectFrom("journal")
    .selectAll()
    .where("case_id", "=", caseId)
    .where("body_hash", "is", null)
    .execute();
  const rows = open.filter(isChosen);
  for (const row of rows) {
    await db
      .updateTable("journal")
      .set({ actor: "", details: sql`''`, body_hash: hashOfBody(row) })
      .where("sequence", "=", row.sequence)
      .execute();
  }
  return rows.length;
}

const rowsAtOnce = 500;

/** All entries in the order of their numbers, a page at a time. */
export async function* readJournal(db: Transaction<Database>): AsyncGenerator<JournalRow> {
  for (let after = -1; ; ) {
    const rows = await db
      .selectFrom("journal")
      .selectAll()
      .where("sequence", ">", after)
      .orderBy("sequence")
      .limit(rowsAtOnce)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) return;
    after = last.sequence;
  }
}
