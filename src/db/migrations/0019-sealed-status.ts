import { type Kysely, sql } from "kysely";

/**
 * Which instruments a case has asked for, and what is still to be done in it, says much of what it is
 * about. A migration has no keys: what stood in these columns waits in `unsealed_detail` for the next
 * start, which seals it.
 */
export async function sealedStatus(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`create table unsealed_detail (
      row_id text primary key,
      case_id text not null references case_file (id),
      table_name text not null,
      details text not null
    )`,
    sql`insert into unsealed_detail (row_id, case_id, table_name, details)
      select id, case_id, 'request', json_build_object(
        'instrument', instrument, 'number', number, 'status', status)::text
      from request`,
    sql`insert into unsealed_detail (row_id, case_id, table_name, details)
      select id, case_id, 'action_item', json_build_object('status', status)::text
      from action_item`,
    // Requests are counted from 1 in their instrument; the row only says the how many-th of the case.
    sql`alter table request drop constraint request_case_id_instrument_number_key`,
    sql`update request set number = counted.number
      from (
        select id, row_number() over (partition by case_id order by instrument, number) as number
        from request
      ) counted
      where counted.id = request.id`,
    sql`alter table request add unique (case_id, number)`,
    sql`alter table request drop column instrument, drop column status`,
    sql`alter table action_item drop column status`,
    sql`delete from counter where series like 'request:%'`,
    sql`insert into counter (case_id, series, last)
      select case_id, 'request', count(*) from request group by case_id`,
  ];
  for (const statement of statements) await statement.execute(db);
}
