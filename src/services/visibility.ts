import { roomTemplate } from "../config/room-template.ts";
import { listCaseRooms } from "../db/repositories/cases.ts";
import type { Case, CaseRoom } from "../domain/case/case.ts";
import type { CaseRoomId } from "../domain/ids.ts";
import type { CaseWork } from "./work.ts";

/** Where something is said or asked: a room of a case, or the command line. */
export interface Place {
  readonly case: Case;
  /** Absent on the command line. */
  readonly room: CaseRoom | undefined;
}

/**
 * Whether what was made in a room may be repeated in the place where somebody asks.
 *
 * An answer is read by everybody in the room. Membership is the only real access control, so what
 * was said among a few (leaders, one pair of States) is repeated nowhere else; what was said where
 * everybody of the case is invited may be repeated in all its rooms.
 */
export async function visibleFrom(
  work: CaseWork,
  place: Place,
): Promise<(madeIn: CaseRoomId | undefined) => boolean> {
  const { room } = place;
  if (room === undefined) return () => true;
  const openKinds = new Set(
    roomTemplate(place.case.template)
      .rooms.filter(({ roles }) => roles === "all")
      .map(({ kind }) => kind),
  );
  const rooms = await listCaseRooms(work.db, work.caseId);
  const open = new Set(rooms.filter(({ kind }) => openKinds.has(kind)).map(({ id }) => id));
  return (madeIn) => madeIn === undefined || madeIn === room.id || open.has(madeIn);
}
