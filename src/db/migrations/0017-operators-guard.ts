import { type Kysely, sql } from "kysely";

/** What is found in the operators' room belongs to no case. */
export async function operatorsGuard(db: Kysely<unknown>): Promise<void> {
  await sql`alter table guard_finding alter column case_id drop not null`.execute(db);
}
