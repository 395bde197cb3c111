import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import {
  emptyHead,
  hashOfBody,
  hashOfEntry,
  type LogBody,
  type LogLink,
} from "../../vault/log-chain.ts";

type JournalTables = {
  journal: LogBody & LogLink & { hash: string };
};

const rowsAtOnce = 1_000;

/**
 * The log gets a signed head, and hashes of a form that lets an export leave out what an entry says.
 * The hashes of intact entries are computed anew; an entry that was changed or moved before stays as
 * it is, so that it is found afterwards too.
 */
export async function signedLog(db: Kysely<unknown>): Promise<void> {
  await sql`create table journal_head (
    id integer primary key check (id = 1),
    count integer not null,
    hash text not null,
    public_key text,
    signature text,
    details_key text
  )`.execute(db);
  const head = await rehash(db.withTables<JournalTables>());
  await sql`insert into journal_head (id, count, hash) values (1, ${head.count}, ${head.hash})`.execute(
    db,
  );
}

async function rehash(db: Kysely<JournalTables>) {
  let head = emptyHead;
  let old = emptyHead;
  for (;;) {
    const rows = await db
      .selectFrom("journal")
      .selectAll()
      .where("sequence", ">", head.count)
      .orderBy("sequence")
      .limit(rowsAtOnce)
      .execute();
    if (rows.length === 0) return head;
    for (const row of rows) {
      const intact =
        row.sequence === old.count + 1 &&
        row.previous_hash === old.hash &&
        row.hash === firstFormOfHash(row);
      old = { count: row.sequence, hash: row.hash };
      if (!intact) {
        head = old;
        continue;
      }
      const link = { sequence: row.sequence, previous_hash: head.hash };
      const hash = hashOfEntry(link, hashOfBody(row));
      await db
        .updateTable("journal")
        .set({ previous_hash: link.previous_hash, hash })
        .where("sequence", "=", row.sequence)
        .execute();
      head = { count: row.sequence, hash };
    }
  }
}

/** How entries were hashed before this migration. */
function firstFormOfHash(row: JournalTables["journal"]): string {
  const { sequence, at, actor, case_id, act, details, previous_hash } = row;
  return createHash("sha256")
    .update(JSON.stringify([sequence, at, actor, case_id, act, details, previous_hash]))
    .digest("hex");
}
