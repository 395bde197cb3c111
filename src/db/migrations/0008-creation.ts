import { type Kysely, sql } from "kysely";

/** Rooms that members of the space may join, lanes that wait for another, and conversations with a bot. */
export async function creation(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // Rooms that were made before are closed to everybody who has no invitation.
    sql`alter table case_room add column restricted boolean not null default false`,
    sql`alter table outbox add column after_lane text`,
    sql`create table direct_room (
      account text not null,
      room_id text not null,
      state text not null,
      primary key (account, room_id)
    )`,
    sql`create table creation_progress (
      case_id text primary key references case_file (id),
      account text not null,
      room_id text not null,
      first_transaction_id text not null,
      edits integer not null,
      shown text not null,
      edited_at text,
      finished_at text
    )`,
  ];
  for (const statement of statements) await statement.execute(db);
}
