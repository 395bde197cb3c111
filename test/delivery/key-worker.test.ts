import { expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { KeyWorker } from "../../src/delivery/key-worker.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import type { ArrivedKey } from "../../src/matrix/crypto/crypto.ts";

const account = UserId.parse("@clerk:x");
const roomId = RoomId.parse("!room");

it("gives only those messages another chance whose key has arrived", async () => {
  await using db = await openDatabase({ kind: "memory" });
  for (const session of ["a", "b"]) {
    await db
      .insertInto("inbox")
      .values({
        ...{ account, room_id: roomId, event_id: EventId.parse(`$${session}`), sender: account },
        ...{ origin_server_ts: 1, event: "{}", session_id: session, message_index: 0 },
        ...{ state: "undecryptable", unreadable_since: null, retry_at: null },
      })
      .execute();
  }
  let tell: (keys: readonly ArrivedKey[]) => void = () => {};
  const retried = Promise.withResolvers<void>();
  const crypto = {
    onRoomKeys(listener: typeof tell) {
      tell = listener;
    },
  };
  const worker = new KeyWorker({ db, account, crypto, onRetry: () => retried.resolve() });
  worker.start(retried.reject);
  tell([
    { roomId, sessionId: "b" },
    { roomId: RoomId.parse("!other"), sessionId: "a" },
  ]);
  await retried.promise;
  await worker.stop();
  const rows = await db
    .selectFrom("inbox")
    .select(["event_id", "state"])
    .orderBy("event_id")
    .execute();
  expect(rows).toEqual([
    { event_id: "$a", state: "undecryptable" },
    { event_id: "$b", state: "pending" },
  ]);
});
