import { type Kysely, sql, type Transaction } from "kysely";
import { z } from "zod";
import { listTextColumns, rewriteTables } from "../../db/catalog.ts";
import {
  appendToJournal,
  checkMasterKey,
  readJournalHead,
  saveJournalHead,
} from "../../db/repositories/journal.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Place, Sealed } from "../../vault/sealed.ts";
import type { Vault } from "../../vault/vault.ts";

export interface KeyRotation {
  readonly from: Vault;
  readonly to: Vault;
  readonly now: Temporal.Instant;
  readonly reason: string;
}

export interface RotatedKeys {
  /** How many values were sealed anew, by `table.column`. */
  readonly values: Readonly<Record<string, number>>;
  /** With which exports and certificates are signed from now on. */
  readonly publicKey: string;
}

/**
 * Everything that the master key itself seals. Content of cases is sealed with their own keys, which
 * stay; so does the key of the log, whose sealed entries enter its hashes.
 */
const masterSealed: readonly {
  readonly table: string;
  readonly column: string;
  /** SQL that gives the row of the value's place. */
  readonly row: string;
  /** SQL that says which rows the master key seals, where it is not all. */
  readonly where?: string;
}[] = [
  { table: "account", column: "store_key", row: "user_id" },
  { table: "account", column: "recovery_key", row: "user_id" },
  { table: "case_file", column: "wrapped_key", row: "id", where: "shredded_at is null" },
  { table: "device_renewal", column: "store_key", row: "user_id" },
  { table: "device_renewal", column: "recovery_key", row: "user_id" },
  { table: "direct_room", column: "state", row: "account || ' ' || room_id" },
  { table: "journal_head", column: "details_key", row: "id::text" },
  {
    ...{ table: "outbox", column: "payload", row: "account || ' ' || transaction_id" },
    where: "case_id is null",
  },
  {
    ...{ table: "outbox", column: "progress", row: "account || ' ' || transaction_id" },
    where: "case_id is null",
  },
  { table: "shredding", column: "record", row: "case_id" },
];

/** Sealed, but never with the master key. */
const sealedOtherwise: ReadonlySet<string> = new Set(["journal.details"]);

/**
 * Seals everything that the master key seals with another one, in one transaction: at every instant
 * exactly one of the two keys opens the database. The caller must own the database.
 *
 * @throws RogatoryError `vault.wrong-key` or `vault.unreadable` if `from` is not its key,
 *   `keys.unknown-column` if something is sealed that this version does not know
 */
export async function rotateKeys(
  db: Kysely<Database>,
  rotation: KeyRotation,
): Promise<RotatedKeys> {
  const { from, to, now, reason } = rotation;
  const values = await db.transaction().execute(async (transaction) => {
    const tables = [...new Set(masterSealed.map(({ table }) => table)), "journal"];
    await sql`lock table ${sql.join(tables.map((table) => sql.table(table)))}
      in access exclusive mode`.execute(transaction);
    await checkMasterKey(transaction, from);
    await refuseUnknown(transaction);
    await appendToJournal(
      transaction,
      { vault: from },
      {
        at: now,
        actor: "operator",
        caseId: undefined,
        act: "keys.rotate",
        details: {
          reason,
          publicKeyBefore: from.signer.publicKey,
          publicKeyAfter: to.signer.publicKey,
        },
      },
    );
    const counts = await sealAnew(transaction, from.system, to.system);
    const head = await readJournalHead(transaction);
    if (head.detailsKey === undefined) throw new TypeError("the log has no key");
    await saveJournalHead(transaction, to, head, head.detailsKey);
    return counts;
  });
  // Earlier versions of rows must not keep what the former key opens.
  await rewriteTables(db, [...new Set(masterSealed.map(({ table }) => table))]);
  return { values, publicKey: to.signer.publicKey };
}

async function sealAnew(
  db: Transaction<Database>,
  from: SealBox,
  to: SealBox,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { table, column, row, where = "true" } of masterSealed) {
    const { rows } = await sql<{ place: string; value: Sealed<Uint8Array> }>`
      select ${sql.raw(row)} as place, ${sql.ref(column)} as value from ${sql.table(table)}
      where ${sql.raw(where)} and ${sql.ref(column)} is not null`.execute(db);
    for (const { place: placeRow, value } of rows) {
      const place: Place = { table, column, row: placeRow };
      const sealed = to.sealBytes(place, from.openBytes(place, value));
      await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${sealed}
        where ${sql.raw(row)} = ${placeRow} and ${sql.raw(where)}`.execute(db);
    }
    counts[`${table}.${column}`] = rows.length;
  }
  return counts;
}

const Count = z.object({ count: z.coerce.number() });

/** A column that a newer version seals would be lost: better to change nothing. */
async function refuseUnknown(db: Transaction<Database>): Promise<void> {
  const known = new Set(masterSealed.map(({ table, column }) => `${table}.${column}`));
  const columns = await listTextColumns(db);
  const ofCases = new Set(
    columns.filter(({ column }) => column === "case_id").map(({ table }) => table),
  );
  for (const { table, column } of columns) {
    const name = `${table}.${column}`;
    // A case's own row is sealed with the case's key.
    if (known.has(name) || sealedOtherwise.has(name) || name === "case_file.profile") continue;
    const { rows } = await sql`select count(*) as count from ${sql.table(table)}
      where ${sql.ref(column)} like 'v1.%'
        and ${ofCases.has(table) ? sql`case_id is null` : sql`true`}`.execute(db);
    if (Count.parse(rows[0]).count === 0) continue;
    throw new RogatoryError(
      "keys.unknown-column",
      `This version does not know how to change the key of ${name}: use the version of Rogatory that wrote it. Nothing was changed.`,
    );
  }
}
