import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { findCase, findCaseRoom, findPerson } from "../../db/repositories/cases.ts";
import { findManagement } from "../../db/repositories/management.ts";
import { isBarred } from "../../db/repositories/members.ts";
import type { Database } from "../../db/schema.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { showBoardToNewcomers } from "../../services/board/show-boards.ts";
import { welcomeNewcomers } from "../../services/case/welcome-newcomers.ts";
import { MANAGEMENT_LANE } from "../../services/management/report.ts";
import { enqueueMemberStep, kickFrom } from "../../services/member/case-seats.ts";
import type { Vault } from "../../vault/vault.ts";

/** Somebody whose membership of a room has become what it was not: `join`, `invite`, `knock`. */
export interface Arrival {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: string;
}

export interface ArrivalOptions {
  readonly vault: Vault;
  readonly bots: BotAccounts;
  readonly now: Temporal.Instant;
}

/**
 * Answers to people who come into rooms of cases, in the transaction that keeps the sync response:
 * whoever is on the roster is welcomed and shown the board, and whoever is barred and was let in again is taken out again.
 */
export async function membersArrived(
  db: Transaction<Database>,
  { vault, bots, now }: ArrivalOptions,
  arrivals: readonly Arrival[],
): Promise<void> {
  const ours = new Set<UserId>(Object.values(bots));
  const people = arrivals.filter(({ userId }) => !ours.has(userId));
  const byRoom = Map.groupBy(people, (arrival) => arrival.roomId);
  // Always in the same order: two accounts that hear of the same people must not wait for each other.
  for (const [roomId, here] of [...byRoom].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const room = await findCaseRoom(db, roomId);
    const open = room === undefined ? undefined : await findCase(db, vault, room.caseId);
    if (room === undefined || open === undefined) {
      await operatorsArrived(db, roomId, here);
      continue;
    }
    const { seal } = open;
    let newcomers = 0;
    for (const { userId, membership } of here) {
      if (await isBarred(db, { roomId }, userId)) {
        const registry = { bots, cause: `barred-${randomUUID()}` };
        const work = { db, seal, now, caseId: open.case.id };
        await enqueueMemberStep(work, registry, room, kickFrom(room, userId));
      } else if (membership === "join") {
        newcomers += (await findPerson(db, seal, room.caseId, userId)) === undefined ? 0 : 1;
      }
    }
    if (newcomers === 0) continue;
    const actor = { kind: "bot", bot: "registrar" } as const;
    const work = { db, vault, seal, now, caseId: open.case.id, actor };
    // First, because it takes the lock of the log, under which acts change boards.
    await showBoardToNewcomers(work, open.case, bots, room);
    await welcomeNewcomers(db, now, bots.registrar, open, room);
  }
}

/** What waited for somebody to read it is said at once. */
async function operatorsArrived(
  db: Transaction<Database>,
  roomId: RoomId,
  here: readonly Arrival[],
): Promise<void> {
  if (!here.some(({ membership }) => membership === "join")) return;
  if ((await findManagement(db))?.roomId !== roomId) return;
  await db
    .updateTable("outbox")
    .set({ not_before: null })
    .where("lane", "=", MANAGEMENT_LANE)
    .where("state", "=", "pending")
    .execute();
}
