import type { Kysely } from "kysely";
import { listAudience } from "../../db/repositories/rooms.ts";
import type { Database } from "../../db/schema.ts";
import type { RoomId } from "../../domain/ids.ts";
import type { MemberView, RoomView } from "./backend.ts";

/** The SDK keeps the view for as long as the process lives, so what can change is told to it. */
export interface StoredRoomView extends RoomView {
  historyVisibility: string;
}

/**
 * A room as the crypto asks for it, answered from the database. Only joined members receive keys:
 * with `history_visibility: joined` an invited person must not read what was said before. Whoever
 * is barred from the room receives none from that moment, even while the homeserver has them in it.
 */
export async function openRoomView(
  db: Kysely<Database>,
  room: { readonly roomId: RoomId; readonly historyVisibility: string },
): Promise<StoredRoomView> {
  const load = async (wanted: readonly string[]): Promise<MemberView[]> => [
    ...(await listAudience(db, room.roomId, wanted)),
  ];
  const joined = await load(["join"]);
  const view: StoredRoomView = {
    roomId: room.roomId,
    historyVisibility: room.historyVisibility,
    getJoinedMembers: () => joined,
    getEncryptionTargetMembers: () =>
      load(view.shouldEncryptForInvitedMembers() ? ["join", "invite"] : ["join"]),
    shouldEncryptForInvitedMembers: () => view.historyVisibility !== "joined",
    getHistoryVisibility: () => view.historyVisibility,
    getBlacklistUnverifiedDevices: () => null,
  };
  return view;
}
