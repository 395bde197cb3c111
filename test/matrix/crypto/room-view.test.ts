import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../../src/db/database.ts";
import { ensureAccount } from "../../../src/db/repositories/accounts.ts";
import { insertCase, insertCaseRoom } from "../../../src/db/repositories/cases.ts";
import {
  planManagement,
  saveManagementRoom,
  saveOperators,
} from "../../../src/db/repositories/management.ts";
import { admitToRoom, barFromRoom } from "../../../src/db/repositories/members.ts";
import { saveMembership, saveRoom } from "../../../src/db/repositories/rooms.ts";
import type { Database } from "../../../src/db/schema.ts";
import { CaseProfile } from "../../../src/domain/case/case.ts";
import { CaseId, CaseRoomId, newId, RoomId, UserId } from "../../../src/domain/ids.ts";
import { openRoomView } from "../../../src/matrix/crypto/room-view.ts";
import { Vault } from "../../../src/vault/vault.ts";

const roomId = RoomId.parse("!room");
const here = UserId.parse("@here:x");
const removed = UserId.parse("@removed:x");
const caseRoomId = newId(CaseRoomId);

let db: Kysely<Database>;
beforeAll(async () => {
  db = await openDatabase({ kind: "memory" });
  const caseId = newId(CaseId);
  const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
  await db.transaction().execute(async (transaction) => {
    await insertCase(transaction, new Vault(randomBytes(32)), now, {
      ...{ id: caseId, code: "TEST-0001", template: "jit" },
      profile: CaseProfile.parse({ name: "HERON", timeZone: "Europe/Brussels" }),
    });
    await insertCaseRoom(transaction, {
      ...{ id: caseRoomId, caseId, kind: "coordination", section: undefined },
      ...{ position: 0, planKey: "key", roomId },
    });
    await saveRoom(transaction, roomId, { historyVisibility: "joined" });
    for (const userId of [here, removed]) {
      await saveMembership(transaction, roomId, userId, "join");
    }
  });
});
afterAll(() => db.destroy());

async function audience(): Promise<readonly string[]> {
  const view = await openRoomView(db, { roomId, historyVisibility: "joined" });
  return (await view.getEncryptionTargetMembers()).map(({ userId }) => userId);
}

it("gives no key to somebody who is barred, even while the homeserver has them in the room", async () => {
  expect(await audience()).toEqual([here, removed]);
  await db.transaction().execute((transaction) => barFromRoom(transaction, caseRoomId, removed));
  expect(await audience()).toEqual([here]);
  await db.transaction().execute((transaction) => admitToRoom(transaction, caseRoomId, removed));
  expect(await audience()).toEqual([here, removed]);
});

it("follows a change of the room's history visibility", async () => {
  const invited = UserId.parse("@invited:x");
  await db
    .transaction()
    .execute((transaction) => saveMembership(transaction, roomId, invited, "invite"));
  const view = await openRoomView(db, { roomId, historyVisibility: "shared" });
  const audienceNow = async () =>
    (await view.getEncryptionTargetMembers()).map(({ userId }) => userId);
  expect(await audienceNow()).toContain(invited);
  view.historyVisibility = "joined";
  expect(await audienceNow()).not.toContain(invited);
});

it("gives keys of the operators' room to operators and our own accounts alone, whoever is in it", async () => {
  const operators = RoomId.parse("!operators");
  const bot = UserId.parse("@registrar:x");
  await db.transaction().execute(async (transaction) => {
    const vault = new Vault(randomBytes(32));
    const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
    await ensureAccount(transaction, vault, now, bot);
    await planManagement(transaction);
    await saveOperators(transaction, [here]);
    for (const userId of [here, removed, bot]) {
      await saveMembership(transaction, operators, userId, "join");
    }
  });
  const audienceThere = async () => {
    const view = await openRoomView(db, { roomId: operators, historyVisibility: "joined" });
    return (await view.getEncryptionTargetMembers()).map(({ userId }) => userId);
  };
  expect(await audienceThere()).toEqual([here, bot, removed]);
  await db.transaction().execute((transaction) => saveManagementRoom(transaction, operators));
  expect(await audienceThere()).toEqual([here, bot]);
});
