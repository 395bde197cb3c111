import type { Transaction } from "kysely";
import { z } from "zod";
import { deleteCaseRows } from "../../db/repositories/case-rows.ts";
import { findCaseByName, type OpenCase } from "../../db/repositories/cases.ts";
import { wantRenewal } from "../../db/repositories/device-renewals.ts";
import { appendToJournal } from "../../db/repositories/journal.ts";
import { placeOfPayload } from "../../db/repositories/outbox.ts";
import {
  emptyCase,
  findShredding,
  putShredding,
  type ShreddingRecord,
} from "../../db/repositories/shreddings.ts";
import type { Database } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { type CaseId, type RoomId, serverOf } from "../../domain/ids.ts";
import type { Work } from "../work.ts";
import { mergeRecords } from "./merge-record.ts";

export interface ShreddingWish {
  /** Code or real name; only the code once it was begun. */
  readonly name: string;
  readonly reason: string;
  /** The class of data whose time is over, if that is why. */
  readonly classes?: ShreddingRecord["classes"];
}

/** What shredding a case would destroy. */
export interface ShreddingPlan {
  readonly code: string;
  readonly name: string;
  readonly people: number;
  readonly rooms: number;
  readonly files: number;
}

/** @throws RogatoryError `case.unknown` */
export async function planShredding(work: Work, name: string): Promise<ShreddingPlan> {
  const { db } = work;
  const open = await findNamed(work, name);
  const { id, code, profile } = open.case;
  const people = await db.selectFrom("person").select("id").where("case_id", "=", id).execute();
  return {
    code,
    name: profile.name,
    people: people.length,
    rooms: (await roomsOf(db, id)).length,
    files: (await uploadsOf(db, open)).length,
  };
}

/**
 * The part that cannot be undone, in one transaction: the case's key and rows are destroyed, and what
 * has to be destroyed elsewhere is noted. One that was begun before is given as it stands.
 *
 * @throws RogatoryError `case.unknown`
 */
export async function beginShredding(
  work: Work,
  { name, reason, classes }: ShreddingWish,
): Promise<ShreddingRecord> {
  const { db, vault, now } = work;
  const begun = await findBegun(work, name);
  if (begun !== undefined) return begun;
  const open = await findNamed(work, name);
  const { id: caseId, code } = open.case;
  const rooms = await roomsOf(db, caseId);
  const media = await uploadsOf(db, open);
  const devices = await devicesIn(db, rooms);
  const homeservers = await homeserversIn(db, rooms);
  for (const { userId } of devices) await wantRenewal(db, vault, userId);
  const rows = await deleteCaseRows(db, caseId, rooms);
  await emptyCase(db, caseId, now);
  vault.forget(caseId);
  const record = mergeRecords(await findShredding(db, vault, caseId), {
    ...{ caseId, code, reason, rows, devices, homeservers },
    requestedAt: now.toString(),
    rooms: rooms.map((roomId) => ({ roomId, outcome: "pending" })),
    media: media.map((uri) => ({ uri, outcome: "pending" })),
    ...(classes === undefined ? {} : { classes }),
  });
  await putShredding(db, vault, record);
  // Sealed with the log's own key: the case's does not exist any more.
  await appendToJournal(
    db,
    { vault },
    { at: now, actor: "operator", caseId, act: "case.shred", details: { reason, code, rows } },
  );
  return record;
}

async function findBegun({ db, vault }: Work, code: string): Promise<ShreddingRecord | undefined> {
  const row = await db
    .selectFrom("case_file")
    .select("id")
    .where("code", "=", code.toUpperCase())
    .where("shredded_at", "is not", null)
    .executeTakeFirst();
  return row === undefined ? undefined : findShredding(db, vault, row.id);
}

async function findNamed({ db, vault }: Work, name: string): Promise<OpenCase> {
  const open = await findCaseByName(db, vault, name);
  if (open !== undefined) return open;
  throw new RogatoryError(
    "case.unknown",
    `There is no case “${name}”: rogatory case list shows the codes.`,
  );
}

export async function roomsOf(
  db: Transaction<Database>,
  caseId: CaseId,
): Promise<readonly RoomId[]> {
  const rows = await db
    .selectFrom("case_room")
    .select("room_id")
    .where("case_id", "=", caseId)
    .where("room_id", "is not", null)
    .orderBy("position")
    .execute();
  const former = await db
    .selectFrom("former_room")
    .select("room_id")
    .where("case_id", "=", caseId)
    .orderBy("replaced_at")
    .execute();
  return [...rows, ...former].flatMap(({ room_id }) => (room_id === null ? [] : [room_id]));
}

const Upload = z.object({ uri: z.string().startsWith("mxc://") });

/** Files that were sent in the case's rooms: their steps remember where they were uploaded. */
export async function uploadsOf(
  db: Transaction<Database>,
  { case: { id }, seal }: OpenCase,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("outbox")
    .select(["account", "transaction_id", "progress"])
    .where("case_id", "=", id)
    .where("progress", "is not", null)
    .orderBy("position")
    .execute();
  const uris = rows.flatMap(({ account, transaction_id, progress }) => {
    if (progress === null) return [];
    const place = { ...placeOfPayload(account, transaction_id), column: "progress" };
    const upload = Upload.safeParse(seal.open<unknown>(place, progress, z.unknown()));
    return upload.success ? [upload.data.uri] : [];
  });
  return [...new Set(uris)];
}

/** The accounts that have ever been in the rooms. */
export async function devicesIn(
  db: Transaction<Database>,
  rooms: readonly RoomId[],
): Promise<ShreddingRecord["devices"]> {
  if (rooms.length === 0) return [];
  const rows = await db
    .selectFrom("account")
    .innerJoin("room_member", "room_member.user_id", "account.user_id")
    .select(["account.user_id", "account.device_id"])
    .distinct()
    .where("room_member.room_id", "in", rooms)
    .orderBy("account.user_id")
    .execute();
  return rows.map((row) => ({ userId: row.user_id, former: row.device_id }));
}

/** The homeservers of everybody who has ever been in the rooms or invited to them. */
export async function homeserversIn(
  db: Transaction<Database>,
  rooms: readonly RoomId[],
): Promise<readonly string[]> {
  if (rooms.length === 0) return [];
  const rows = await db
    .selectFrom("room_member")
    .select("user_id")
    .distinct()
    .where("room_id", "in", rooms)
    .execute();
  return [...new Set(rows.map((row) => serverOf(row.user_id)))].toSorted();
}
