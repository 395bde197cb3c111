import { type Kysely, sql } from "kysely";

/**
 * Of which cases was spoken in which direct conversations, so that shredding finds them. What was said
 * before is taken from the steps: answers about a case carry it. Of answers that carry none, every case
 * of the people in that room may have been named.
 */
export async function directCases(db: Kysely<unknown>): Promise<void> {
  const isDirect = sql`lane not in (
      select room_id from case_room where room_id is not null
      union select room_id from former_room
      union select room_id from management where room_id is not null
    )`;
  const statements = [
    sql`create table direct_case (
      room_id text not null,
      case_id text not null references case_file (id),
      account text not null,
      discussed boolean not null,
      primary key (room_id, case_id)
    )`,
    sql`create index direct_case_by_case on direct_case (case_id)`,
    sql`insert into direct_case (room_id, case_id, account, discussed)
      select room_id, case_id, account, true from creation_progress
      on conflict do nothing`,
    sql`insert into direct_case (room_id, case_id, account, discussed)
      select lane, case_id, min(account), true from outbox
      where case_id is not null and kind in ('send', 'send-file') and lane like '!%' and ${isDirect}
      group by lane, case_id
      on conflict do nothing`,
    sql`insert into direct_case (room_id, case_id, account, discussed)
      select outbox.lane, person.case_id, min(outbox.account), false from outbox
      join room_member on room_member.room_id = outbox.lane
      join person on person.user_id = room_member.user_id
      where outbox.case_id is null and outbox.kind in ('send', 'send-file')
        and lane like '!%' and ${isDirect}
      group by outbox.lane, person.case_id
      on conflict do nothing`,
  ];
  for (const statement of statements) await statement.execute(db);
}
