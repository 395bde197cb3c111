import { listCaseRooms } from "../../db/repositories/cases.ts";
import type { CaseId, RoomId } from "../../domain/ids.ts";
import type { Work } from "../work.ts";

/** A room of a case, with nothing that the homeserver does not know. */
export interface RoomSummary {
  readonly kind: string;
  readonly section: string | undefined;
  /** Undefined until the homeserver has made the room. */
  readonly roomId: RoomId | undefined;
}

export async function summariseRooms(
  { db }: Pick<Work, "db">,
  caseId: CaseId,
): Promise<readonly RoomSummary[]> {
  const rooms = await listCaseRooms(db, caseId);
  return rooms.map(({ kind, section, roomId }) => ({ kind, section, roomId }));
}
