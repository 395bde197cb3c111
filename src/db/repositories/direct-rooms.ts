import { type Kysely, sql, type Transaction } from "kysely";
import { z } from "zod";
import { CreationDraft } from "../../domain/case/creation-draft.ts";
import { CaseId, type RoomId, UserId } from "../../domain/ids.ts";
import type { SealBox } from "../../vault/seal-box.ts";
import type { Database } from "../schema.ts";

/** What a bot remembers of a conversation with one person. */
export const DirectState = z.strictObject({
  /** With whom: what is remembered concerns nobody else. */
  person: UserId,
  /** The case of which is spoken. */
  caseId: CaseId.optional(),
  /** A case that is being created by questions and answers. */
  draft: CreationDraft.optional(),
});
export type DirectState = z.infer<typeof DirectState>;

export interface DirectRoom {
  readonly account: UserId;
  readonly roomId: RoomId;
}

export async function readDirectState(
  db: Kysely<Database> | Transaction<Database>,
  box: SealBox,
  room: DirectRoom,
): Promise<DirectState | undefined> {
  const row = await db
    .selectFrom("direct_room")
    .select("state")
    .where("account", "=", room.account)
    .where("room_id", "=", room.roomId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return DirectState.parse(box.open<unknown>(placeOfState(room), row.state, z.unknown()));
}

export async function saveDirectState(
  db: Transaction<Database>,
  box: SealBox,
  room: DirectRoom,
  state: DirectState,
): Promise<void> {
  const sealed = box.seal<unknown>(placeOfState(room), state);
  await db
    .insertInto("direct_room")
    .values({ account: room.account, room_id: room.roomId, state: sealed })
    .onConflict((conflict) =>
      conflict.columns(["account", "room_id"]).doUpdateSet({ state: sealed }),
    )
    .execute();
}

/** Keeps of which cases an answer speaks, so that their end finds the conversation. */
export async function noteCases(
  db: Transaction<Database>,
  { account, roomId }: DirectRoom,
  cases: readonly CaseId[],
  discussed: boolean,
): Promise<void> {
  if (cases.length === 0) return;
  await db
    .insertInto("direct_case")
    .values(cases.map((caseId) => ({ room_id: roomId, case_id: caseId, account, discussed })))
    .onConflict((conflict) =>
      conflict
        .columns(["room_id", "case_id"])
        .doUpdateSet({ discussed: sql`direct_case.discussed or excluded.discussed` }),
    )
    .execute();
}

export interface SpokenIn extends DirectRoom {
  /** Whether another case was spoken of there, or a new one is being created. */
  readonly shared: boolean;
}

/** The direct conversations in which a case was spoken of, or named. */
export async function listSpokenIn(
  db: Transaction<Database>,
  box: SealBox,
  caseId: CaseId,
): Promise<readonly SpokenIn[]> {
  const rows = await db
    .selectFrom("direct_case")
    .select(({ exists, selectFrom }) => [
      "account",
      "room_id",
      exists(
        selectFrom("direct_case as other")
          .select("other.case_id")
          .whereRef("other.room_id", "=", "direct_case.room_id")
          .where("other.case_id", "<>", caseId)
          .where("other.discussed", "=", true),
      ).as("shared"),
    ])
    .where("case_id", "=", caseId)
    .orderBy("room_id")
    .execute();
  const rooms: SpokenIn[] = [];
  for (const { account, room_id: roomId, shared } of rows) {
    const state = await readDirectState(db, box, { account, roomId });
    rooms.push({ account, roomId, shared: Boolean(shared) || state?.draft !== undefined });
  }
  return rooms;
}

/**
 * Deletes what was received in a direct conversation, and what was sent there outside of any case; the
 * conversation goes on. What was sent about the case goes with the case's own rows.
 *
 * @returns how many rows were deleted, by table
 */
export async function forgetSpoken(
  db: Transaction<Database>,
  box: SealBox,
  room: DirectRoom,
  caseId: CaseId,
): Promise<Readonly<Record<string, number>>> {
  const { roomId } = room;
  const received = await db
    .deleteFrom("inbox")
    .where("room_id", "=", roomId)
    .executeTakeFirstOrThrow();
  const sent = await db
    .deleteFrom("outbox")
    .where("lane", "=", roomId)
    .where("case_id", "is", null)
    .where("kind", "in", ["send", "send-file"])
    .executeTakeFirstOrThrow();
  const spoken = await db
    .deleteFrom("direct_case")
    .where("room_id", "=", roomId)
    .where("case_id", "=", caseId)
    .executeTakeFirstOrThrow();
  const state = await readDirectState(db, box, room);
  if (state?.caseId === caseId) {
    const { caseId: _gone, ...rest } = state;
    await saveDirectState(db, box, room, rest);
  }
  return {
    inbox: Number(received.numDeletedRows),
    outbox: Number(sent.numDeletedRows),
    direct_case: Number(spoken.numDeletedRows),
    direct_room: state?.caseId === caseId ? 1 : 0,
  };
}

function placeOfState({ account, roomId }: DirectRoom) {
  return { table: "direct_room", column: "state", row: `${account} ${roomId}` } as const;
}
