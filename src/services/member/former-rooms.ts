import { enqueueStep } from "../../db/repositories/outbox.ts";
import type { UserId } from "../../domain/ids.ts";
import type { CaseWork } from "../work.ts";
import type { Registry } from "./case-seats.ts";

/**
 * Takes people out of the rooms that were replaced: what was said there stays readable for whoever is in
 * them, and nobody has anything to do there once all are invited to the new ones.
 *
 * @param only one person; everybody but the bots if left out
 */
export async function emptyFormerRooms(
  { db, seal, now, caseId }: CaseWork,
  { bots, cause }: Pick<Registry, "bots" | "cause">,
  only?: UserId,
): Promise<void> {
  const members = await db
    .selectFrom("former_room")
    .innerJoin("room_member", "room_member.room_id", "former_room.room_id")
    .select(["former_room.room_id as roomId", "room_member.user_id as userId"])
    .where("former_room.case_id", "=", caseId)
    .where("former_room.refilled_at", "is not", null)
    .where("room_member.membership", "in", ["join", "invite", "knock"])
    .where("room_member.user_id", "not in", Object.values(bots))
    .orderBy("former_room.room_id")
    .orderBy("room_member.user_id")
    .execute();
  for (const { roomId, userId } of members) {
    if (only !== undefined && userId !== only) continue;
    await enqueueStep(db, seal, now, {
      ...{ account: bots.registrar, lane: `kick:${roomId}:${userId}`, caseId, cause },
      // Whoever is invited to the new room knows of it before.
      ...{ afterLane: `people:${caseId}:${userId}`, slot: `former-${roomId}:${userId}` },
      step: { kind: "kick", room: { roomId }, userId },
    });
  }
}
