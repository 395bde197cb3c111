import { z } from "zod";
import { roomTemplate } from "../../config/room-template.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { Case } from "../../domain/case/case.ts";
import type { Person } from "../../domain/case/person.ts";
import type { RoomExpectation } from "../../domain/guard/findings.ts";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { planRoom } from "../case/plan-rooms.ts";
import { openToSpace, roomContent } from "../case/room-content.ts";
import { managementContent } from "../management/ensure-room.ts";
import { type CaseSeats, sits } from "../member/case-seats.ts";

const Json = z.record(z.string(), z.unknown());
const CreateRoom = z.object({
  name: z.string(),
  initial_state: z.array(
    z.object({ type: z.string(), state_key: z.string().default(""), content: Json }),
  ),
  power_level_content_override: Json,
});

/**
 * What a room of a case must be today: what it would be made like with the people who are on the
 * roster now.
 */
export function expectRoom(
  seat: CaseSeats,
  context: {
    readonly case: Case;
    readonly bots: BotAccounts;
    readonly people: readonly Person[];
    /** People who were taken out of this room. */
    readonly barred: readonly string[];
    /** The case's space, if it is made. */
    readonly space: RoomId | undefined;
  },
): RoomExpectation {
  const { case: of, bots, barred, space } = context;
  // Whoever is barred from a room has neither seat nor power there, whatever the roster says.
  const people = context.people.filter(({ userId }) => !barred.includes(userId));
  const template = roomTemplate(of.template);
  const { room, entry, pair } = seat;
  const planned = planRoom({
    ...{ code: of.code, entry, section: room.section, position: 0, people, template },
    ...{ accounts: bots },
    ...(room.label === undefined ? {} : { label: room.label }),
    ...(pair === undefined ? {} : { pair }),
  });
  const content = roomContent({ ...planned, federate: template.federate });
  // As the room was made: templates may have changed since.
  const isOpen = room.restricted === true && space !== undefined;
  return {
    state: stateOf(isOpen ? openToSpace(content, space) : content),
    seated: new Set(
      people.filter(({ profile }) => sits(seat, profile)).map(({ userId }) => userId),
    ),
    roster: new Set(context.people.map(({ userId }) => userId)),
    barred: new Set(barred),
    bots: new Set(Object.values(bots)),
    // Whoever makes the room stays in it.
    placedBots: new Set([bots.registrar, ...entry.bots.map((bot) => bots[bot])]),
  };
}

/** What the operators' room must be: as it is made, with the operators of the configuration in it. */
export function expectManagement(operators: readonly UserId[], bots: BotAccounts): RoomExpectation {
  const accounts = new Set<string>(Object.values(bots));
  return {
    state: stateOf(managementContent()),
    seated: new Set(operators),
    roster: new Set(operators),
    barred: new Set(),
    bots: accounts,
    placedBots: accounts,
    takesOutOthers: true,
  };
}

/** The state events that the body of a createRoom request makes. */
function stateOf(body: Record<string, unknown>): RoomExpectation["state"] {
  const {
    name,
    initial_state: initial,
    power_level_content_override: powers,
  } = CreateRoom.parse(body);
  return [
    ...initial
      .filter(({ state_key: key }) => key === "")
      .map(({ type, content }) => ({ type, content })),
    { type: "m.room.name", content: { name } },
    { type: "m.room.power_levels", content: powers },
  ];
}
