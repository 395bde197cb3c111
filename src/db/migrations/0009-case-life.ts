import { type Kysely, sql } from "kysely";

/** Cases have states, two leaders decide what cannot be undone, and content is destroyed class by class. */
export async function caseLife(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // Null is the first state of the case's template: nobody has said another.
    sql`alter table case_file add column state text`,
    sql`create table case_change (
      id text primary key,
      case_id text not null references case_file (id),
      number integer not null,
      details text not null,
      resolved_at text,
      unique (case_id, number)
    )`,
    // Of an entry that was erased: the hash by which the chain still holds.
    sql`alter table journal add column body_hash text`,
  ];
  for (const statement of statements) await statement.execute(db);
}
