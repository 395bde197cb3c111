import { type Kysely, sql } from "kysely";

const user = "^@[^:[:space:][:cntrl:]]+:([0-9A-Za-z.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]+)?$";

/** Gaps of timelines that are still to be filled, and room for what strangers may write. */
export async function gaps(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // A megolm index goes up to 2^32 - 1.
    sql`alter table inbox alter column message_index type bigint`,
    sql`alter table inbox add column held_by bigint`,
    sql`create index inbox_held on inbox (held_by) where state = 'held'`,
    sql`create table timeline_gap (
      id bigserial primary key,
      account text not null,
      room_id text not null,
      from_token text not null,
      to_token text not null,
      opened_at text collate "C" not null,
      attempts integer not null default 0,
      retry_at text collate "C",
      failure text,
      given_up_at text collate "C"
    )`,
    sql`create index timeline_gap_by_room on timeline_gap (account, room_id, id)`,
    sql`create table untold_room (
      account text not null,
      room_id text not null,
      rotate boolean not null,
      primary key (account, room_id)
    )`,
    // Identifiers of which the crypto can make nothing: it would refuse to encrypt for the whole room.
    sql`delete from room_member where user_id !~ ${sql.lit(user)}`,
    sql`update inbox set state = 'done'
      where state in ('pending', 'undecryptable') and sender !~ ${sql.lit(user)}`,
  ];
  for (const statement of statements) await statement.execute(db);
}
