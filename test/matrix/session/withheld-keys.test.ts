import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { receiveEvent } from "../../../src/db/repositories/inbox.ts";
import {
  countWithheldKeys,
  mostWithheld,
  saveWithheldKey,
} from "../../../src/db/repositories/withheld-keys.ts";
import { EventId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { readWithheldKeys } from "../../../src/matrix/session/withheld-keys.ts";

const account = UserId.parse("@clerk:rogatory.localhost");
const sender = UserId.parse("@leader:rogatory.localhost");
let now = Temporal.Instant.from("2026-12-01T10:00:00Z");

const withheld = (content: object) => ({ type: "m.room_key.withheld", sender, content });
const session = (id: string, code = "m.unverified") =>
  withheld({ code, room_id: "!room", session_id: id });

let db: Awaited<ReturnType<typeof openDatabase>>;

beforeAll(async () => {
  db = await openDatabase({ kind: "memory" });
  await db
    .insertInto("room_member")
    .values({ room_id: RoomId.parse("!room"), user_id: sender, membership: "join" })
    .execute();
});
afterAll(() => db.destroy());

async function take(events: readonly unknown[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const key of readWithheldKeys(events)) {
      await saveWithheldKey(transaction, account, key, now);
    }
  });
}

describe("room keys that others withhold", () => {
  it("are counted by code and room, each session once", async () => {
    await take([
      session("1"),
      session("1"),
      session("2"),
      session("3", "m.blacklisted"),
      withheld({ code: "m.no_olm" }),
      { type: "m.room_key.withheld", sender, content: { code: 7 } },
      { type: "m.room.encrypted", sender, content: {} },
      "nonsense",
    ]);
    expect(await countWithheldKeys(db, account)).toEqual([
      { code: "m.blacklisted", roomId: "!room", count: 1 },
      { code: "m.no_olm", roomId: undefined, count: 1 },
      { code: "m.unverified", roomId: "!room", count: 2 },
    ]);
  });

  it("are believed of people in the room only", async () => {
    const stranger = "@stranger:example.org";
    await take([
      { ...session("9"), sender: stranger },
      { ...withheld({ code: "m.no_olm" }), sender: stranger },
      withheld({ code: "m.unverified", room_id: "!elsewhere", session_id: "9" }),
    ]);
    const rows = await db.selectFrom("withheld_key").select("session_id").execute();
    expect(rows.map((row) => row.session_id)).not.toContain("9");
    expect(rows).toHaveLength(4);
  });

  it("do not count any more once a message of the session was read", async () => {
    await db.transaction().execute((transaction) =>
      receiveEvent(transaction, {
        account,
        sender,
        eventId: EventId.parse("$event"),
        roomId: RoomId.parse("!room"),
        originServerTs: 1,
        json: "{}",
        megolm: { sessionId: "3", index: 0 },
      }),
    );
    await db.updateTable("inbox").set({ state: "done" }).execute();
    const codes = (await countWithheldKeys(db, account)).map(({ code }) => code);
    expect(codes).toEqual(["m.no_olm", "m.unverified"]);
  });

  it("fill no more than some rows of a sender and room, the newest, and crowd out nobody else's", async () => {
    const other = UserId.parse("@member:rogatory.localhost");
    await db
      .insertInto("room_member")
      .values({ room_id: RoomId.parse("!room"), user_id: other, membership: "join" })
      .execute();
    await take([{ ...session("kept"), sender: other }]);
    for (const batch of ["a", "b", "c"]) {
      now = now.add({ seconds: 1 });
      await take(Array.from({ length: 80 }, (_, index) => session(`${batch}${index}`)));
    }
    const rows = await db
      .selectFrom("withheld_key")
      .select(["sender", "session_id"])
      .where("room_id", "=", "!room")
      .execute();
    const sessions = (of: UserId) =>
      rows.flatMap((row) => (row.sender === of ? [row.session_id] : []));
    expect(sessions(other)).toEqual(["kept"]);
    expect(sessions(sender)).toHaveLength(mostWithheld);
    expect(sessions(sender).filter((id) => id.startsWith("c"))).toHaveLength(80);
    expect(sessions(sender).filter((id) => id.startsWith("a"))).toHaveLength(0);
  });
});
