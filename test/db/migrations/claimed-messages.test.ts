import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import type { Database } from "../../../src/db/schema.ts";

describe("a database from before only decrypted messages claimed their index", () => {
  it("keeps what was handled as claimed, and leaves open what was not decrypted", async () => {
    await using db = new Kysely<Database>({
      dialect: new PGliteDialect({ pglite: new PGlite() }),
    });
    await migrate(db, "0010-guard");
    for (const [index, state] of ["done", "pending", "undecryptable", "replayed"].entries()) {
      await sql`insert into inbox
          (account, event_id, room_id, sender, origin_server_ts, event, session_id, message_index, state)
        values ('@bot:x', ${`$${state}`}, '!r', '@a:x', 1, '{}', 's', ${index}, ${state})`.execute(
        db,
      );
    }
    await sql`insert into inbox (account, event_id, room_id, sender, origin_server_ts, event, state)
      values ('@bot:x', '$plain', '!r', '@a:x', 1, '{}', 'done')`.execute(db);
    await migrate(db);
    const rows = await db.selectFrom("inbox").selectAll().orderBy("position").execute();
    expect(rows.map(({ event_id, state, claimed }) => [event_id, state, claimed])).toEqual([
      ["$done", "done", true],
      ["$pending", "pending", false],
      ["$undecryptable", "undecryptable", false],
      ["$replayed", "replayed", false],
      ["$plain", "done", false],
    ]);
    const claim = (eventId: string) =>
      sql`update inbox set claimed = true, message_index = 0 where event_id = ${eventId}`.execute(
        db,
      );
    await expect(claim("$pending")).rejects.toThrow("inbox_message_once");
    await sql`update inbox set message_index = 4294967295 where event_id = '$pending'`.execute(db);
    const large = db.selectFrom("inbox").select("message_index").where("message_index", ">", 9);
    expect(await large.execute()).toEqual([{ message_index: 4_294_967_295 }]);
  });
});
