import type { Transaction } from "kysely";
import { findCase, findCaseRoom, findPerson, type OpenCase } from "../../db/repositories/cases.ts";
import { findManagement } from "../../db/repositories/management.ts";
import { isBarred, lockCase } from "../../db/repositories/members.ts";
import type { Database } from "../../db/schema.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { CaseId, RoomId, UserId } from "../../domain/ids.ts";
import { showBoardToNewcomers } from "../../services/board/show-boards.ts";
import { welcomeNewcomers } from "../../services/case/welcome-newcomers.ts";
import { caseScope, guardedRoom } from "../../services/guard/case-scope.ts";
import { settleArrival } from "../../services/guard/settle-findings.ts";
import { MANAGEMENT_LANE } from "../../services/management/report.ts";
import { seatsOfCase } from "../../services/member/case-seats.ts";
import type { Vault } from "../../vault/vault.ts";

/** Somebody whose membership of a room has become what it was not: `join`, `invite`, `knock`. */
export interface Arrival {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: string;
  /** Who brought it about, where that is known. */
  readonly by?: UserId | undefined;
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
  await lockCases(db, people);
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
    for (const { userId, membership, by } of here) {
      if (await isBarred(db, { roomId }, userId)) {
        await takeOutAgain(db, { vault, bots, now }, open, { roomId, userId, membership, by });
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

/** Before anything is written into the log: others hold the case, and then want the log. */
async function lockCases(db: Transaction<Database>, arrivals: readonly Arrival[]): Promise<void> {
  const cases = new Set<CaseId>();
  for (const { roomId, userId } of arrivals) {
    if (!(await isBarred(db, { roomId }, userId))) continue;
    const room = await findCaseRoom(db, roomId);
    if (room !== undefined) cases.add(room.caseId);
  }
  for (const caseId of [...cases].sort()) await lockCase(db, caseId);
}

/** As the guard does it, which logs and counts it and tells people, but without waiting for its next look. */
async function takeOutAgain(
  db: Transaction<Database>,
  { vault, bots, now }: ArrivalOptions,
  { case: of, seal }: OpenCase,
  { roomId, userId, membership, by }: Arrival,
): Promise<void> {
  const actor = { kind: "bot", bot: "registrar" } as const;
  const work = { db, vault, now, caseId: of.id, seal, actor };
  const seats = await seatsOfCase(work, of);
  const seat = seats.find(({ room }) => room.roomId === roomId);
  if (seat === undefined) return;
  await settleArrival(caseScope(work, { case: of, bots, seats }), {
    room: guardedRoom(seat, roomId),
    finding: {
      ...{ kind: "barred", subject: userId, evidence: "" },
      // Who joins by themselves was let in by somebody before.
      sender: membership === "invite" ? by : undefined,
      remedy: { kind: "kick", userId },
    },
  });
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
