import { type Kysely, sql, type Transaction } from "kysely";
import { z } from "zod";
import { CaseId, DeviceId, RoomId, UserId } from "../../domain/ids.ts";
import type { Vault } from "../../vault/vault.ts";
import type { Database } from "../schema.ts";

type Reader = Kysely<Database> | Transaction<Database>;

/** What a shredding has to destroy and, as it goes on, what it has destroyed. Nothing of it is content. */
export const ShreddingRecord = z.strictObject({
  caseId: CaseId,
  code: z.string(),
  requestedAt: z.string(),
  reason: z.string(),
  /** Rows deleted with the key, by table. */
  rows: z.record(z.string(), z.number()),
  rooms: z.array(
    z.strictObject({
      roomId: RoomId,
      /**
       * `left`: emptied of people, for want of an administrator's right to purge it; `kept`: a direct
       * conversation that is about other cases too.
       */
      outcome: z.enum(["pending", "purged", "left", "gone", "kept"]),
      /** The bot, where it is a direct conversation with one. */
      directWith: UserId.optional(),
    }),
  ),
  /** Files that the bots have uploaded. */
  media: z.array(
    z.strictObject({
      uri: z.string(),
      outcome: z.enum(["pending", "deleted", "kept", "gone"]),
    }),
  ),
  /** Accounts that were in the rooms, and their devices. */
  devices: z.array(
    z.strictObject({
      userId: UserId,
      former: DeviceId,
      present: DeviceId.optional(),
      keysDropped: z.number().optional(),
      keysKept: z.number().optional(),
    }),
  ),
  /**
   * Whose people were in the rooms or invited to them, our own among them. Records from before this was
   * noted do not say.
   */
  homeservers: z.array(z.string()).readonly().optional(),
  completedAt: z.string().optional(),
  /** False while only classes of the case's data are destroyed, and its key opens what is left. */
  keyDestroyed: z.boolean().optional(),
  /** Classes that were destroyed when their retention time was over, in that order. */
  classes: z
    .array(
      z.strictObject({
        name: z.string(),
        title: z.string(),
        source: z.string(),
        destroyedAt: z.string(),
      }),
    )
    .optional(),
});
export type ShreddingRecord = z.infer<typeof ShreddingRecord>;

/** Keeps what is to be destroyed; of what was destroyed of the case before, it goes on. */
export async function putShredding(
  db: Transaction<Database>,
  vault: Vault,
  record: ShreddingRecord,
): Promise<void> {
  const values = { record: seal(vault, record), completed_at: null };
  await db
    .insertInto("shredding")
    .values({ case_id: record.caseId, ...values })
    .onConflict((conflict) => conflict.column("case_id").doUpdateSet(values))
    .execute();
}

export async function saveShredding(
  db: Reader,
  vault: Vault,
  record: ShreddingRecord,
): Promise<void> {
  await db
    .updateTable("shredding")
    .set({ record: seal(vault, record), completed_at: record.completedAt ?? null })
    .where("case_id", "=", record.caseId)
    .execute();
}

export async function findShredding(
  db: Reader,
  vault: Vault,
  caseId: CaseId,
): Promise<ShreddingRecord | undefined> {
  const row = await db
    .selectFrom("shredding")
    .selectAll()
    .where("case_id", "=", caseId)
    .executeTakeFirst();
  return row === undefined ? undefined : open(vault, row);
}

/** Shreddings whose work on the homeserver and in the crypto stores is not finished. */
export async function listOpenShreddings(
  db: Reader,
  vault: Vault,
): Promise<readonly ShreddingRecord[]> {
  const rows = await db
    .selectFrom("shredding")
    .selectAll()
    .where("completed_at", "is", null)
    .orderBy("case_id")
    .execute();
  return rows.map((row) => open(vault, row));
}

/** Empties what opens the case and what names it. Only the code and the dates remain. */
export async function emptyCase(
  db: Transaction<Database>,
  caseId: CaseId,
  now: Temporal.Instant,
): Promise<void> {
  await db
    .updateTable("case_file")
    .set({ wrapped_key: sql`''`, profile: sql`''`, shredded_at: now.toString() })
    .where("id", "=", caseId)
    .execute();
}

function seal(vault: Vault, record: ShreddingRecord) {
  return vault.system.seal<unknown>(placeOfRecord(record.caseId), record);
}

function open(vault: Vault, row: Database["shredding"]): ShreddingRecord {
  return ShreddingRecord.parse(
    vault.system.open<unknown>(placeOfRecord(row.case_id), row.record, z.unknown()),
  );
}

function placeOfRecord(caseId: CaseId) {
  return { table: "shredding", column: "record", row: caseId } as const;
}
