import { type Kysely, sql } from "kysely";

/** The first tables: accounts, rooms, cases, their content, inbox, outbox and log. */
export async function firstLight(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table account (
      user_id text primary key,
      device_id text not null,
      sync_token text,
      store_key text not null,
      recovery_key text,
      created_at text not null
    )`,
    sql`create table room (
      room_id text primary key,
      encryption text,
      history_visibility text not null default 'shared'
    )`,
    sql`create table room_member (
      room_id text not null,
      user_id text not null,
      membership text not null,
      primary key (room_id, user_id)
    )`,
    sql`create index room_member_by_user on room_member (user_id, membership)`,
    sql`create table case_file (
      id text primary key,
      code text not null unique,
      template text not null,
      wrapped_key text not null,
      profile text not null,
      created_at text not null
    )`,
    sql`create table person (
      id text primary key,
      case_id text not null references case_file (id),
      user_id text not null,
      profile text not null,
      unique (case_id, user_id)
    )`,
    sql`create table case_room (
      id text primary key,
      case_id text not null references case_file (id),
      kind text not null,
      section text,
      position integer not null,
      plan_key text not null unique,
      room_id text unique
    )`,
    sql`create table counter (
      case_id text not null references case_file (id),
      series text not null,
      last integer not null,
      primary key (case_id, series)
    )`,
    sql`create table meeting (
      id text primary key,
      case_id text not null references case_file (id),
      number integer not null,
      details text not null,
      unique (case_id, number)
    )`,
    sql`create table action_item (
      id text primary key,
      case_id text not null references case_file (id),
      number integer not null,
      status text not null,
      details text not null,
      unique (case_id, number)
    )`,
    sql`create table request (
      id text primary key,
      case_id text not null references case_file (id),
      instrument text not null,
      number integer not null,
      status text not null,
      details text not null,
      unique (case_id, instrument, number)
    )`,
    sql`create table takeaway (
      id text primary key,
      case_id text not null references case_file (id),
      number integer not null,
      details text not null,
      unique (case_id, number)
    )`,
    sql`create table inbox (
      account text not null,
      event_id text not null,
      position bigserial not null,
      room_id text not null,
      sender text not null,
      origin_server_ts bigint not null,
      event text not null,
      session_id text,
      message_index integer,
      state text not null,
      primary key (account, event_id)
    )`,
    sql`create unique index inbox_message_once on inbox (account, room_id, session_id, message_index)
      where session_id is not null and state <> 'replayed'`,
    sql`create index inbox_open on inbox (account, position) where state in ('pending', 'undecryptable')`,
    sql`create table outbox (
      position bigserial primary key,
      account text not null,
      lane text not null,
      kind text not null,
      case_id text references case_file (id),
      payload text not null,
      progress text,
      transaction_id text not null,
      state text not null,
      attempts integer not null default 0,
      not_before text,
      failure text,
      event_id text,
      created_at text not null,
      unique (account, transaction_id)
    )`,
    sql`create index outbox_open on outbox (account, lane, position) where state = 'pending'`,
    sql`create table journal (
      sequence integer primary key,
      at text not null,
      actor text not null,
      case_id text,
      act text not null,
      details text not null,
      previous_hash text not null,
      hash text not null
    )`,
  ];
  for (const statement of statements) await statement.execute(db);
}
