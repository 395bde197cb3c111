import { randomInt } from "node:crypto";
import { roomTemplate } from "../../config/room-template.ts";
import {
  findPerson,
  insertCaseRoom,
  listCaseRooms,
  listPeople,
} from "../../db/repositories/cases.ts";
import { barFromRoom, listRemoved, lockCase, savePair } from "../../db/repositories/members.ts";
import { enqueueStep } from "../../db/repositories/outbox.ts";
import { hasSeat, type StatePair } from "../../domain/case/seats.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { type StateCode, stateName } from "../../domain/request/states.ts";
import { logAct } from "../acts.ts";
import { type Registry, seatsOfCase } from "../member/case-seats.ts";
import { waysOf } from "../member/entering.ts";
import type { CaseWork } from "../work.ts";
import { planRoom } from "./plan-rooms.ts";
import { admitPeople, createRoomStep, inviteBots } from "./room-steps.ts";

export interface BilateralRoom {
  /** Neutral, as the homeserver sees it. */
  readonly name: string;
  /** False if the two States have had it before. */
  readonly created: boolean;
}

/**
 * Opens a room for the people of two States, which nobody else sees; if they have one, it is that one.
 *
 * @throws RogatoryError `case.one-state`, `case.no-pairs`, `case.foreign-pair`, `case.nobody-of-state`
 */
export async function openBilateralRoom(
  work: CaseWork,
  registry: Registry,
  pair: StatePair,
): Promise<BilateralRoom> {
  const { db, seal, now, caseId } = work;
  const { case: of, bots, cause } = registry;
  const template = roomTemplate(of.template);
  const entry = template.rooms.find(({ per }) => per === "pair");
  if (entry === undefined) {
    throw new RogatoryError("case.no-pairs", "This kind of case has no rooms for two States.");
  }
  if (pair[0] === pair[1]) {
    throw new RogatoryError("case.one-state", "Name two different States, such as RO BE.");
  }
  await requireOwnState(work, pair);
  await lockCase(db, caseId);
  const existing = (await seatsOfCase(work, of)).find(
    (seats) => seats.pair?.every((state, index) => state === pair[index]) === true,
  );
  if (existing !== undefined) return { name: existing.name, created: false };

  const people = await listPeople(db, seal, caseId);
  for (const state of pair)
    requireSomebody(
      people.map(({ profile }) => profile),
      entry.roles,
      pair,
      state,
    );
  const rooms = await listCaseRooms(db, caseId);
  const label = newLabel(new Set(rooms.map((known) => known.label)));
  const position = rooms.length;
  const room = planRoom({
    ...{ code: of.code, entry, section: undefined, label, pair, position },
    ...{ people, template, accounts: bots },
  });
  const { id, kind, planKey, name } = room;
  await insertCaseRoom(db, {
    ...{ id, caseId, kind, section: undefined, label, position, planKey, roomId: undefined },
  });
  await savePair(db, seal, id, pair);
  for (const userId of await listRemoved(db, caseId)) await barFromRoom(db, id, userId);
  const common = { account: bots.registrar, caseId, cause };
  const lane = `room:${id}`;
  for (const { slot, step } of [
    createRoomStep(room, template.federate, undefined),
    ...inviteBots(room),
  ]) {
    await enqueueStep(db, seal, now, { ...common, lane, slot, step });
  }
  for (const { slot, step, userId } of admitPeople(room, waysOf(bots, registry.localPeople))) {
    const own = { lane: `people:${caseId}:${userId}`, afterLane: lane };
    await enqueueStep(db, seal, now, { ...common, ...own, slot, step });
  }
  await logAct(work, "case.bilateral", { states: pair, room: name });
  return { name, created: true };
}

/** Not a number in a series: whoever sees one would know how many others there are. */
function newLabel(taken: ReadonlySet<string | undefined>): string {
  for (;;) {
    const label = `b-${randomInt(0x1000).toString(16).padStart(3, "0")}`;
    if (!taken.has(label)) return label;
  }
}

/** What two States do among themselves, no third one begins or asks about. */
async function requireOwnState(
  { db, seal, caseId, actor }: CaseWork,
  pair: StatePair,
): Promise<void> {
  if (actor.kind !== "person") return;
  const person = await findPerson(db, seal, caseId, actor.userId);
  if (pair.some((state) => state === person?.profile.state)) return;
  throw new RogatoryError(
    "case.foreign-pair",
    "A room of two States is opened by somebody of one of them: ask one of their leaders.",
  );
}

function requireSomebody(
  profiles: readonly Parameters<typeof hasSeat>[1][],
  roles: "all" | readonly string[],
  pair: StatePair,
  state: StateCode,
): void {
  const found = profiles.some(
    (profile) => profile.state === state && hasSeat({ roles, pair }, profile),
  );
  if (found) return;
  throw new RogatoryError(
    "case.nobody-of-state",
    `Nobody of ${stateName(state)} is on the roster as a leader or member: add somebody with !member add first.`,
  );
}
