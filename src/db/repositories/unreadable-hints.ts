import { sql, type Transaction } from "kysely";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { instantText } from "../instant-text.ts";
import type { Database } from "../schema.ts";

const quietMinutes = 60;

/**
 * Notes that somebody is told about a message that could not be read, if that may be said: once for
 * each session of a room, whichever of our accounts says it, and at most once an hour to a person.
 *
 * @returns whether to say it, in the same transaction
 */
export async function noteHint(
  db: Transaction<Database>,
  hint: {
    readonly roomId: RoomId;
    readonly sessionId: string;
    readonly sender: UserId;
    readonly now: Temporal.Instant;
  },
): Promise<boolean> {
  // Two of our accounts may meet two sessions of one person at the same moment.
  await sql`select pg_advisory_xact_lock(hashtextextended(${hint.sender}, 0))`.execute(db);
  const recent = await db
    .selectFrom("unreadable_hint")
    .select("hinted_at")
    .where("sender", "=", hint.sender)
    .where("hinted_at", ">", instantText(hint.now.subtract({ minutes: quietMinutes })))
    .limit(1)
    .executeTakeFirst();
  if (recent !== undefined) return false;
  const noted = await db
    .insertInto("unreadable_hint")
    .values({
      room_id: hint.roomId,
      session_id: hint.sessionId,
      sender: hint.sender,
      hinted_at: instantText(hint.now),
    })
    .onConflict((conflict) => conflict.columns(["room_id", "session_id"]).doNothing())
    .returning("session_id")
    .executeTakeFirst();
  return noted !== undefined;
}
