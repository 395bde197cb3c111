import { type Kysely, sql } from "kysely";

/** Who made somebody a leader without a second one, and who has let people into rooms or taken them out. */
export async function voices(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // Null for whoever came with the case, by an operator, or with the consent of a second leader.
    sql`alter table person add column made_leader_by text`,
    // Null for what was heard before this was kept.
    sql`alter table room_member add column sender text`,
  ];
  for (const statement of statements) await statement.execute(db);
}
