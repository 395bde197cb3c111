import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/db/migrate.ts";
import type { Database } from "../../../src/db/schema.ts";

describe("a database from before gaps were kept", () => {
  it("keeps its messages, and forgets people of whom the crypto can make nothing", async () => {
    await using db = new Kysely<Database>({
      dialect: new PGliteDialect({ pglite: new PGlite() }),
    });
    await migrate(db, "0010-guard");
    const messages = [
      ["$1", "@a:example.org", "pending"],
      ["$2", "@a:evil_org", "undecryptable"],
      ["$3", "@a:[::1]:8448", "undecryptable"],
    ] as const;
    for (const [id, sender, state] of messages) {
      await sql`insert into inbox (account, event_id, room_id, sender, origin_server_ts, event, session_id, message_index, state)
        values ('@bot:x', ${id}, '!r', ${sender}, 1, '{}', ${id}, 2147483647, ${state})`.execute(
        db,
      );
      await sql`insert into room_member values ('!r', ${sender}, 'join')`.execute(db);
    }
    await migrate(db);
    const rows = await db
      .selectFrom("inbox")
      .select(["event_id", "state", "message_index", "held_by"])
      .orderBy("event_id")
      .execute();
    const kept = { message_index: 2147483647, held_by: null };
    expect(rows).toEqual([
      { event_id: "$1", state: "pending", ...kept },
      { event_id: "$2", state: "done", ...kept },
      { event_id: "$3", state: "undecryptable", ...kept },
    ]);
    const members = await db.selectFrom("room_member").select("user_id").execute();
    expect(members.map((row) => row.user_id)).toEqual(["@a:example.org", "@a:[::1]:8448"]);
    expect(await db.selectFrom("timeline_gap").selectAll().execute()).toEqual([]);
    expect(await db.selectFrom("untold_room").selectAll().execute()).toEqual([]);
  });
});
