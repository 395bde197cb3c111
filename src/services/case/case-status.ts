import { roomTemplate } from "../../config/room-template.ts";
import { listPeople } from "../../db/repositories/cases.ts";
import type { Case } from "../../domain/case/case.ts";
import { stateNameOf, stateOf } from "../../domain/case/life.ts";
import { type ShownFinding, shownFindings } from "../guard/shown-findings.ts";
import { type CaseSeats, seatsOfCase, sits } from "../member/case-seats.ts";
import type { Place } from "../visibility.ts";
import type { CaseWork } from "../work.ts";

export interface CaseStatus {
  readonly code: string;
  readonly template: string;
  /** As people read it after "the case is". */
  readonly state: string;
  readonly people: number;
  readonly rooms: readonly RoomStatus[];
  /** What the guard has found in these rooms. */
  readonly findings: readonly ShownFinding[];
}

export interface RoomStatus {
  /** Neutral, as the homeserver sees it. */
  readonly name: string;
  readonly made: boolean;
  /** People of the roster who have a seat in the room; bots do not count. */
  readonly joined: number;
  readonly invited: number;
  /** Neither joined nor invited: they left, or the invitation is still to be sent. */
  readonly missing: number;
}

/**
 * The rooms of the case that the asker is in, as far as they may be named in this place: of a room
 * outside the space is spoken nowhere else than in itself.
 */
export async function caseStatus(work: CaseWork, { case: of, room }: Place): Promise<CaseStatus> {
  const people = await listPeople(work.db, work.seal, work.caseId);
  const seats = await seatsOfCase(work, of);
  const members = await membersOf(work, seats);
  const { actor } = work;
  const mayBeNamed = (seat: CaseSeats) => {
    if (actor.kind === "operator" || seat.room.id === room?.id) return true;
    if (actor.kind !== "person" || seat.entry.outsideSpace) return false;
    return members.get(seat.room.roomId)?.get(actor.userId) === "join";
  };
  const shown = new Set(seats.filter(mayBeNamed).map((seat) => seat.room.roomId));
  const findings = await shownFindings(work, of);
  return {
    findings: findings.filter(({ roomId }) => shown.has(roomId)),
    code: of.code,
    template: roomTemplate(of.template).title,
    state: titleOfState(of),
    people: people.length,
    rooms: seats.filter(mayBeNamed).map((seat) => {
      const here = people
        .filter(({ profile }) => sits(seat, profile))
        .map(({ userId }) => members.get(seat.room.roomId)?.get(userId));
      const joined = here.filter((membership) => membership === "join").length;
      const invited = here.filter((membership) => membership === "invite").length;
      const missing = here.length - joined - invited;
      return { name: seat.name, made: seat.room.roomId !== undefined, joined, invited, missing };
    }),
  };
}

function titleOfState({ template, state }: Case): string {
  const { life } = roomTemplate(template);
  return stateOf(life, stateNameOf(life, state)).title;
}

async function membersOf(
  { db }: CaseWork,
  seats: readonly CaseSeats[],
): Promise<ReadonlyMap<string | undefined, ReadonlyMap<string, string>>> {
  const made = seats.flatMap(({ room: { roomId } }) => (roomId === undefined ? [] : [roomId]));
  if (made.length === 0) return new Map();
  const rows = await db
    .selectFrom("room_member")
    .selectAll()
    .where("room_id", "in", made)
    .execute();
  const byRoom = Map.groupBy(rows, (row) => row.room_id);
  return new Map(
    [...byRoom].map(([roomId, members]) => [
      roomId,
      new Map(members.map((row) => [row.user_id, row.membership])),
    ]),
  );
}
