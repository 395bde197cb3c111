import { type Kysely, sql, type Transaction } from "kysely";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

export interface WithheldKey {
  readonly sender: UserId;
  /** Both undefined where no session could be made at all (`m.no_olm`). */
  readonly roomId: RoomId | undefined;
  readonly sessionId: string | undefined;
  readonly code: string;
}

/** Of one sender in one room: anybody may name as many sessions as they like. */
export const mostWithheld = 100;

/**
 * Keeps the last word of a sender about a session, if it is somebody in the room; or in any, for want of
 * one. Of those who name very many, only the newest are kept.
 */
export async function saveWithheldKey(
  db: Transaction<Database>,
  account: UserId,
  key: WithheldKey,
  now: Temporal.Instant,
): Promise<void> {
  const { roomId, sender } = key;
  const rooms = db
    .selectFrom("room_member")
    .select("user_id")
    .where("user_id", "=", sender)
    .where("membership", "=", "join");
  const among = roomId === undefined ? rooms : rooms.where("room_id", "=", roomId);
  if ((await among.limit(1).executeTakeFirst()) === undefined) return;
  const said = { code: key.code, received_at: instantText(now) };
  const by = { account, sender, room_id: roomId ?? "" };
  await db
    .insertInto("withheld_key")
    .values({ ...by, session_id: key.sessionId ?? "", ...said })
    .onConflict((conflict) =>
      conflict.columns(["account", "sender", "room_id", "session_id"]).doUpdateSet(said),
    )
    .execute();
  const newest = db
    .selectFrom("withheld_key")
    .select("session_id")
    .where((row) => row.and(by))
    .orderBy("received_at", "desc")
    .orderBy("session_id")
    .limit(mostWithheld);
  await db
    .deleteFrom("withheld_key")
    .where((row) => row.and(by))
    .where("session_id", "not in", newest)
    .execute();
}

/** Sessions still withheld, by code and room; those of which a message was read since do not count. */
export async function countWithheldKeys(
  db: Kysely<Database>,
  account: UserId,
): Promise<
  readonly { readonly code: string; readonly roomId: string | undefined; readonly count: number }[]
> {
  const rows = await db
    .selectFrom("withheld_key")
    .select(["code", "room_id", sql<number>`count(*)::integer`.as("count")])
    .where("account", "=", account)
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom("inbox")
            .select("inbox.event_id")
            .whereRef("inbox.account", "=", "withheld_key.account")
            .whereRef("inbox.room_id", "=", "withheld_key.room_id")
            .whereRef("inbox.session_id", "=", "withheld_key.session_id")
            .where("inbox.state", "=", "done"),
        ),
      ),
    )
    .groupBy(["code", "room_id"])
    .orderBy("code")
    .orderBy("room_id")
    .execute();
  return rows.map(({ code, room_id: roomId, count }) => ({
    code,
    roomId: roomId === "" ? undefined : roomId,
    count,
  }));
}
