import { type Kysely, sql } from "kysely";

/** Cases can be shredded, and accounts can get a new device with a new crypto store. */
export async function shredding(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // The row stays, without key and content: its code must never be given again.
    sql`alter table case_file add column shredded_at text`,
    sql`create table shredding (
      case_id text primary key references case_file (id),
      record text not null,
      completed_at text
    )`,
    sql`create table device_renewal (
      user_id text primary key references account (user_id),
      device_id text not null,
      store_key text not null,
      recovery_key text,
      retired_device_id text
    )`,
  ];
  for (const statement of statements) await statement.execute(db);
}
