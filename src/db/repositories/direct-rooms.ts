import type { Kysely, Transaction } from "kysely";
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

interface DirectRoom {
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

function placeOfState({ account, roomId }: DirectRoom) {
  return { table: "direct_room", column: "state", row: `${account} ${roomId}` } as const;
}
