import { type Kysely, sql } from "kysely";

/** Room keys that others do not give us, for `rogatory bot status`. */
export async function withheldKeys(db: Kysely<unknown>): Promise<void> {
  await sql`create table withheld_key (
    account text not null,
    sender text not null,
    room_id text not null,
    session_id text not null,
    code text not null,
    received_at text collate "C" not null,
    primary key (account, sender, room_id, session_id)
  )`.execute(db);
}
