import { listCaseRooms } from "../../src/db/repositories/cases.ts";
import { UserId } from "../../src/domain/ids.ts";
import type { CaseHarness } from "./case-harness.ts";
import { openedSteps } from "./outbox.ts";

/** The steps for one person, as "kind room" with the power where there is one. */
export async function stepsFor(
  { db, vault, caseId }: CaseHarness,
  userId: string,
): Promise<readonly string[]> {
  const rooms = await listCaseRooms(db, caseId);
  return (await openedSteps(db, vault, caseId)).flatMap(({ step }) => {
    if (step.kind !== "invite" && step.kind !== "kick" && step.kind !== "set-power") return [];
    if (step.userId !== userId) return [];
    const { room } = step;
    const kind = rooms.find((known) => "caseRoomId" in room && known.id === room.caseRoomId)?.kind;
    return [`${step.kind} ${kind}${step.kind === "set-power" ? ` ${step.power}` : ""}`];
  });
}

/** From how many rooms somebody is barred. */
export async function barsOf({ db }: CaseHarness, userId: string): Promise<number> {
  const rows = await db
    .selectFrom("room_bar")
    .selectAll()
    .where("user_id", "=", UserId.parse(userId))
    .execute();
  return rows.length;
}

/** The acts on the roster that the log has. */
export async function rosterActs({ db }: CaseHarness): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("journal")
    .select("act")
    .where("act", "like", "member.%")
    .orderBy("sequence")
    .execute();
  return rows.map(({ act }) => act);
}
