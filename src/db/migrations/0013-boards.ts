import { type Kysely, sql } from "kysely";

/** The board of a room: one message that is edited in place, and posted anew for newcomers. */
export async function boards(db: Kysely<unknown>): Promise<void> {
  await sql`create table board (
    case_room_id text primary key references case_room (id),
    case_id text not null references case_file (id),
    account text not null,
    room_id text not null,
    edits integer not null,
    shown text not null
  )`.execute(db);
}
