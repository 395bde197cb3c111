import { type Kysely, sql, type Transaction } from "kysely";
import type { UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

export interface WithheldKey {
  readonly sender: string;
  /** Both undefined where no session could be made at all (`m.no_olm`). */
  readonly roomId: string | undefined;
  readonly sessionId: string | undefined;
  readonly code: string;
}

/** Keeps the last word of a sender about a session. */
export async function saveWithheldKey(
  db: Transaction<Database>,
  account: UserId,
  key: WithheldKey,
  now: Temporal.Instant,
): Promise<void> {
  const said = { code: key.code, received_at: instantText(now) };
  await db
    .insertInto("withheld_key")
    .values({
      account,
      sender: key.sender,
      room_id: key.roomId ?? "",
      session_id: key.sessionId ?? "",
      ...said,
    })
    .onConflict((conflict) =>
      conflict.columns(["account", "sender", "room_id", "session_id"]).doUpdateSet(said),
    )
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
