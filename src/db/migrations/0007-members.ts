import { type Kysely, sql } from "kysely";

/** People leave cases, rooms are opened for pairs of States, and two leaders decide together. */
export async function members(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // The row of whoever was removed stays: the log and the case's content refer to the person.
    sql`alter table person add column removed_at text`,
    sql`alter table case_room add column label text`,
    sql`alter table case_room add column pair text`,
    sql`create table room_bar (
      case_room_id text not null references case_room (id),
      user_id text not null,
      primary key (case_room_id, user_id)
    )`,
    sql`create table member_change (
      id text primary key,
      case_id text not null references case_file (id),
      number integer not null,
      details text not null,
      resolved_at text,
      unique (case_id, number)
    )`,
  ];
  for (const statement of statements) await statement.execute(db);
}
