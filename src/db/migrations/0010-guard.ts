import { type Kysely, sql } from "kysely";

/** What the registrar guards: the state of rooms, what was found in it, and the operators' room. */
export async function guard(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table room_state (
      room_id text not null,
      type text not null,
      state_key text not null,
      content text not null,
      sender text not null,
      event_id text not null,
      primary key (room_id, type, state_key)
    )`,
    sql`create table guard_finding (
      case_id text not null references case_file (id),
      room_id text not null,
      kind text not null,
      subject text not null,
      evidence text not null,
      since text collate "C" not null,
      ended_at text collate "C",
      told_at text collate "C",
      repaired_evidence text,
      repaired_at text collate "C",
      repaired_before text collate "C",
      primary key (room_id, kind, subject)
    )`,
    sql`create index guard_finding_by_case on guard_finding (case_id) where ended_at is null`,
    // A room that was replaced by another must still be found when its case is shredded.
    sql`create table former_room (
      room_id text primary key,
      case_room_id text not null references case_room (id),
      case_id text not null references case_file (id),
      replaced_at text not null,
      refilled_at text
    )`,
    sql`create table management (
      id integer primary key check (id = 1),
      plan_key text not null,
      room_id text,
      operators text not null,
      running_since text
    )`,
    sql`alter table outbox add column told_at text`,
    sql`create index outbox_untold on outbox (position) where state = 'dead' and told_at is null`,
  ];
  for (const statement of statements) await statement.execute(db);
}
