import { listPeople } from "../../db/repositories/cases.ts";
import { enqueueStep, type Step } from "../../db/repositories/outbox.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case } from "../../domain/case/case.ts";
import { type RoomId, serverOf } from "../../domain/ids.ts";
import { logAct } from "../acts.ts";
import { linkStep } from "../case/room-steps.ts";
import {
  type CaseSeats,
  enqueueMemberStep,
  inviteTo,
  seatsOfCase,
  sits,
} from "../member/case-seats.ts";
import { emptyFormerRooms } from "../member/former-rooms.ts";
import type { CaseWork } from "../work.ts";

/**
 * Lets everybody into the rooms that have replaced others, and has the space list them: a homeserver
 * takes nobody over, and what the room must be like is seen to by the guard itself. From the former rooms
 * everybody is taken out then.
 */
export async function refillRooms(
  work: CaseWork,
  { case: of, bots }: { readonly case: Case; readonly bots: BotAccounts },
): Promise<void> {
  const { db, caseId, now } = work;
  const replaced = await db
    .selectFrom("former_room")
    .select(["room_id", "case_room_id"])
    .where("case_id", "=", caseId)
    .where("refilled_at", "is", null)
    .execute();
  if (replaced.length === 0) return;
  const seats = await seatsOfCase(work, of);
  const people = await listPeople(db, work.seal, caseId);
  for (const { room_id: former, case_room_id: id } of replaced) {
    const seat = seats.find(({ room }) => room.id === id);
    if (seat !== undefined) {
      const registry = { bots, cause: `refill.${former}` };
      const accounts = new Set(seat.entry.bots.map((bot) => bots[bot]));
      accounts.delete(bots.registrar);
      const seated = people.filter(({ profile }) => sits(seat, profile));
      // The bots come first, so that they hear what people say from the beginning.
      for (const userId of [...accounts, ...seated.map((person) => person.userId)]) {
        await enqueueMemberStep(work, registry, seat.room, inviteTo(seat.room, userId));
      }
      await relink(work, bots, seats, seat, former);
      await logAct(work, "guard.follow", { room: seat.name, former });
    }
    await db
      .updateTable("former_room")
      .set({ refilled_at: now.toString() })
      .where("room_id", "=", former)
      .execute();
  }
  await emptyFormerRooms(work, { bots, cause: `refilled.${now.epochMilliseconds}` });
}

/** The space lists the new room; a new space lists them all. */
async function relink(
  { db, seal, now, caseId }: CaseWork,
  bots: BotAccounts,
  seats: readonly CaseSeats[],
  seat: CaseSeats,
  former: RoomId,
): Promise<void> {
  const space = seats.find(({ entry }) => entry.kind === "space")?.room;
  if (space === undefined || seat.entry.outsideSpace) return;
  const server = serverOf(bots.registrar);
  const child = (of: CaseSeats): Step =>
    linkStep({ id: of.room.id, position: seats.indexOf(of) }, space.id, server).step;
  const listed = seats.filter(({ entry }) => entry.kind !== "space" && !entry.outsideSpace);
  const steps: readonly Step[] =
    seat.room.id === space.id
      ? listed.map(child)
      : [
          {
            ...{ kind: "set-state", room: { caseRoomId: space.id }, type: "m.space.child" },
            ...{ stateKey: former, content: {} },
          },
          child(seat),
        ];
  for (const [index, step] of steps.entries()) {
    const place = { account: bots.registrar, lane: `guard:${space.id}`, caseId };
    await enqueueStep(db, seal, now, {
      ...{ ...place, step, cause: `refill.${former}`, slot: `child-${index}` },
    });
  }
}
