import { listPeople } from "../../db/repositories/cases.ts";
import type { KnownFinding } from "../../db/repositories/guard-findings.ts";
import { lockCase } from "../../db/repositories/members.ts";
import { readRoomStates } from "../../db/repositories/room-state.ts";
import { listMemberships } from "../../db/repositories/rooms.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case } from "../../domain/case/case.ts";
import { findDrift } from "../../domain/guard/findings.ts";
import type { UserId } from "../../domain/ids.ts";
import { type CaseSeats, seatsOfCase } from "../member/case-seats.ts";
import type { CaseWork } from "../work.ts";
import { caseScope, guardedRoom } from "./case-scope.ts";
import { expectRoom } from "./expectation.ts";
import { type FoundInRoom, settleFindings } from "./settle-findings.ts";

/** Devices that their owners have not signed, by owner. */
export type UnsignedDevices = ReadonlyMap<UserId, readonly string[]>;

/**
 * Looks at all rooms of a case as far as the database knows them, and does about it what is to be done.
 * A room whose state nobody has told us yet is not judged.
 *
 * @param devices undefined if nobody has looked at them
 */
export async function checkCase(
  work: CaseWork,
  { case: of, bots }: { readonly case: Case; readonly bots: BotAccounts },
  devices?: UnsignedDevices,
): Promise<void> {
  // A change of the roster under way would look like a drift.
  await lockCase(work.db, work.caseId);
  const people = await listPeople(work.db, work.seal, work.caseId);
  const seats = await seatsOfCase(work, of);
  const rooms = seats.flatMap(({ room: { roomId } }) => (roomId === undefined ? [] : [roomId]));
  if (rooms.length === 0) return;
  const states = await readRoomStates(work.db, rooms);
  const members = Map.groupBy(await listMemberships(work.db, rooms), ({ roomId }) => roomId);
  const bars = await readBars(work);
  const busy = await busyLanes(work);
  const space = seats.find(({ entry }) => entry.kind === "space")?.room.roomId;
  const counted = new Set<UserId>();
  const judged = new Set<string>();
  const found = seats.flatMap((seat): FoundInRoom[] => {
    const { id, roomId } = seat.room;
    const state = roomId === undefined ? undefined : states.get(roomId);
    if (roomId === undefined || state === undefined) return [];
    judged.add(roomId);
    const here = members.get(roomId) ?? [];
    const barred = bars.filter((bar) => bar.room === id).map(({ userId }) => userId);
    const facts = {
      state,
      members: here,
      unsignedDevices: devicesOf(seat, here, devices, counted),
    };
    return findDrift(expectRoom(seat, { case: of, bots, people, barred, space }), facts)
      .filter(({ kind }) => !isUnderWay(kind, id, busy))
      .map((finding) => ({ room: guardedRoom(seat, roomId), finding }));
  });
  const scope = caseScope(work, { case: of, bots, seats });
  await settleFindings(scope, found, isOver(judged, devices, busy, seats));
}

/** What is not found any more is over, where it was looked for: not in a room that was not judged. */
function isOver(
  judged: ReadonlySet<string>,
  devices: UnsignedDevices | undefined,
  busy: ReadonlySet<string>,
  seats: readonly CaseSeats[],
): (known: KnownFinding) => boolean {
  const rooms = new Map(seats.map(({ room }) => [room.roomId, room.id] as const));
  return ({ roomId, kind }) => {
    const room = rooms.get(roomId);
    // The room is not one of the case's any more: it was replaced.
    if (room === undefined) return true;
    if (kind === "unsigned-device" && devices === undefined) return false;
    return judged.has(roomId) && !isUnderWay(kind, room, busy);
  };
}

/** A person's devices are told once for a case: in the first of its rooms that the person is in. */
function devicesOf(
  seat: CaseSeats,
  here: readonly { readonly userId: UserId; readonly membership: string }[],
  devices: UnsignedDevices | undefined,
  counted: Set<UserId>,
): UnsignedDevices {
  if (devices === undefined || seat.entry.kind === "space") return new Map();
  const mine = here.flatMap(({ userId, membership }) => {
    const unsigned = devices.get(userId);
    if (unsigned === undefined || membership !== "join" || counted.has(userId)) return [];
    counted.add(userId);
    return [[userId, unsigned] as const];
  });
  return new Map(mine);
}

async function readBars({ db, caseId }: CaseWork) {
  const rows = await db
    .selectFrom("room_bar")
    .innerJoin("case_room", "case_room.id", "room_bar.case_room_id")
    .select(["room_bar.user_id as userId", "case_room.id as room"])
    .where("case_room.case_id", "=", caseId)
    .execute();
  return rows;
}

/** Lanes of the case in which something is still to be done. */
async function busyLanes({ db, caseId }: CaseWork): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("outbox")
    .select("lane")
    .distinct()
    .where("case_id", "=", caseId)
    .where("state", "=", "pending")
    .where("kind", "in", ["set-power", "kick"])
    .execute();
  return new Set(rows.map(({ lane }) => lane));
}

/** Powers that are just being changed by ourselves, and people who are just being taken out. */
function isUnderWay(kind: string, room: string, busy: ReadonlySet<string>): boolean {
  if (kind === "powers") return busy.has(`power:${room}`);
  return kind === "barred" && [...busy].some((lane) => lane.startsWith(`kick:${room}:`));
}
