import type { Transaction } from "kysely";
import { z } from "zod";
import type { OpenCase } from "../../db/repositories/cases.ts";
import { wantRenewal } from "../../db/repositories/device-renewals.ts";
import { forgetSpoken, listSpokenIn, type SpokenIn } from "../../db/repositories/direct-rooms.ts";
import { placeOfPayload } from "../../db/repositories/outbox.ts";
import type { ShreddingRecord } from "../../db/repositories/shreddings.ts";
import type { Database } from "../../db/schema.ts";
import { type CaseId, type RoomId, serverOf } from "../../domain/ids.ts";
import type { Work } from "../work.ts";

/** Where outside of the database's own rows something of a case is, read before these rows are gone. */
export interface Places {
  /** Rooms that end with the case: its own, and conversations that were about nothing else. */
  readonly ending: readonly RoomId[];
  readonly record: Pick<ShreddingRecord, "rooms" | "media" | "devices" | "homeservers">;
  /** Rows that were deleted of conversations that go on, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Finds the rooms of a case and the direct conversations about it, and has every bot that was in one of
 * them become a new device. Of conversations that are about another case too, what was received is
 * deleted at once; whose it was cannot be told apart.
 */
export async function takePlaces(work: Work, open: OpenCase): Promise<Places> {
  const { db, vault } = work;
  const { id: caseId } = open.case;
  const own = await roomsOf(db, caseId);
  const spoken = await listSpokenIn(db, vault.system, caseId);
  const media = await uploadsOf(work, open);
  const all = [...own, ...spoken.map(({ roomId }) => roomId)];
  const devices = await devicesIn(db, all);
  for (const { userId } of devices) await wantRenewal(db, vault, userId);
  const rows: Record<string, number> = {};
  for (const room of spoken.filter(({ shared }) => shared)) {
    const counts = await forgetSpoken(db, vault.system, room, caseId);
    for (const [table, count] of Object.entries(counts)) {
      if (count > 0) rows[table] = (rows[table] ?? 0) + count;
    }
  }
  const rooms: ShreddingRecord["rooms"] = [
    ...own.map((roomId) => ({ roomId, outcome: "pending" as const })),
    ...spoken.map(({ roomId, account, shared }) => ({
      ...{ roomId, directWith: account },
      outcome: shared ? ("kept" as const) : ("pending" as const),
    })),
  ];
  return {
    ending: [...own, ...spoken.flatMap(({ roomId, shared }) => (shared ? [] : [roomId]))],
    record: {
      rooms,
      media: media.map((uri) => ({ uri, outcome: "pending" as const })),
      devices,
      homeservers: await homeserversIn(db, all),
    },
    rows,
  };
}

/** Counts of rows by table, added up. */
export function addRows(
  ...counts: readonly Readonly<Record<string, number>>[]
): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const [table, count] of counts.flatMap((rows) => Object.entries(rows))) {
    sum[table] = (sum[table] ?? 0) + count;
  }
  return sum;
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

/** The direct conversations in which the case was spoken of, or named. */
export function conversationsOf({ db, vault }: Work, caseId: CaseId): Promise<readonly SpokenIn[]> {
  return listSpokenIn(db, vault.system, caseId);
}

const Upload = z.object({ uri: z.string().startsWith("mxc://") });

/** Files that the bots sent about a case: their steps remember where they were uploaded. */
export async function uploadsOf(
  work: Work,
  { case: { id }, seal }: OpenCase,
): Promise<readonly string[]> {
  const { db, vault } = work;
  const conversations = (await conversationsOf(work, id)).map(({ roomId }): string => roomId);
  const rows = await db
    .selectFrom("outbox")
    .select(["account", "transaction_id", "progress", "case_id"])
    .where((row) =>
      row.or([
        row("case_id", "=", id),
        // What was under way when the case was made out of a conversation.
        ...(conversations.length === 0
          ? []
          : [row.and([row("case_id", "is", null), row("lane", "in", conversations)])]),
      ]),
    )
    .where("progress", "is not", null)
    .orderBy("position")
    .execute();
  const uris = rows.flatMap(({ account, transaction_id, progress, case_id }) => {
    if (progress === null) return [];
    const place = { ...placeOfPayload(account, transaction_id), column: "progress" };
    const box = case_id === null ? vault.system : seal;
    const upload = Upload.safeParse(box.open<unknown>(place, progress, z.unknown()));
    return upload.success ? [upload.data.uri] : [];
  });
  return [...new Set(uris)];
}

/** The accounts that have ever been in the rooms. */
async function devicesIn(
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
async function homeserversIn(
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
