import { type Kysely, sql } from "kysely";

/**
 * Session and index of a message belong to the event that was decrypted with them, and not to the
 * first that names them. Events that cannot be handled are set aside. The sender of an index may
 * write whatever fits into it.
 */
export async function claimedMessages(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table inbox add column claimed boolean not null default false`,
    sql`alter table inbox add column doubtful_since text`,
    sql`alter table inbox add column failure text`,
    sql`alter table inbox alter column message_index type bigint`,
    sql`update inbox set claimed = true where session_id is not null and state = 'done'`,
    sql`drop index inbox_message_once`,
    sql`create unique index inbox_message_once on inbox (account, room_id, session_id, message_index)
      where claimed`,
    sql`drop index inbox_open`,
    sql`create index inbox_open on inbox (account, position)
      where state in ('pending', 'undecryptable', 'doubtful')`,
    sql`create index inbox_parked on inbox (account, room_id) where state = 'parked'`,
  ];
  for (const statement of statements) await statement.execute(db);
}
