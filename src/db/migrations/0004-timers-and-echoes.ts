import { type Kysely, sql } from "kysely";

/** Timers with leases, echoes of what was sent, and what is known of unreadable messages. */
export async function timersAndEchoes(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // Instants are compared as text: "C" makes that independent of the database's language.
    sql`create table timer (
      id text primary key,
      case_id text references case_file (id) on delete cascade,
      kind text not null,
      subject text not null,
      due_at text collate "C" not null,
      lease_until text collate "C",
      lease_owner text,
      attempts integer not null default 0,
      sent_at text,
      cause text not null unique
    )`,
    sql`create index timer_open on timer (due_at) where sent_at is null`,
    sql`alter table outbox add column confirmed_at text`,
    sql`alter table inbox add column unreadable_since text collate "C"`,
    sql`alter table inbox add column retry_at text collate "C"`,
    sql`create table unreadable_hint (
      room_id text not null,
      session_id text not null,
      sender text not null,
      hinted_at text collate "C" not null,
      primary key (room_id, session_id)
    )`,
    sql`create index unreadable_hint_by_sender on unreadable_hint (sender, hinted_at)`,
  ];
  for (const statement of statements) await statement.execute(db);
}
