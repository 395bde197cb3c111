import { randomBytes } from "node:crypto";
import type { RoomTemplate } from "../../config/room-template.ts";
import type { BotAccounts } from "../../domain/case/bots.ts";
import type { CaseFile, PlannedPerson } from "../../domain/case/case-file.ts";
import { hasSeat, type StatePair } from "../../domain/case/seats.ts";
import { isOpenToSpace } from "../../domain/case/ways.ts";
import { CaseRoomId, newId, type UserId } from "../../domain/ids.ts";
import { neutralName } from "../member/case-seats.ts";

export interface PlannedRoom {
  readonly id: CaseRoomId;
  readonly kind: string;
  readonly section: string | undefined;
  readonly position: number;
  readonly planKey: string;
  /** Neutral, as the homeserver sees it. */
  readonly name: string;
  readonly isSpace: boolean;
  /** Whether the space lists it. */
  readonly inSpace: boolean;
  /** Whether members of the space join it by themselves. */
  readonly restricted: boolean;
  /** Power that it takes to say something in it. */
  readonly speak: number;
  /** Accounts of the bots that are invited, without the one that makes the room. */
  readonly bots: readonly UserId[];
  readonly people: readonly PlannedPerson[];
  readonly powers: ReadonlyMap<UserId, number>;
}

/** Power of a bot in a room: enough to invite, to remove and to pin. */
const botPower = 50;

type RoomTemplateEntry = RoomTemplate["rooms"][number];

/** What a room is planned from. */
export interface RoomPlan {
  readonly code: string;
  readonly entry: RoomTemplateEntry;
  readonly section: string | undefined;
  /** What follows the code in its name, where neither template nor section says it. */
  readonly label?: string;
  readonly pair?: StatePair;
  readonly position: number;
  readonly people: readonly PlannedPerson[];
  readonly template: RoomTemplate;
  readonly accounts: BotAccounts;
}

/** The rooms of a case in the order in which they are made; its space comes first. */
export function planRooms(
  code: string,
  { profile, people }: CaseFile,
  template: RoomTemplate,
  accounts: BotAccounts,
): readonly PlannedRoom[] {
  const sections = profile.agenda.filter(({ room }) => room);
  type Entry = Pick<RoomPlan, "entry" | "section">;
  const entries = template.rooms.flatMap((entry): Entry[] => {
    if (entry.per === "pair") return [];
    if (entry.per === "case") return [{ entry, section: undefined }];
    return sections.map(({ code: section }) => ({ entry, section }));
  });
  entries.sort((a, b) => Number(b.entry.kind === "space") - Number(a.entry.kind === "space"));
  return entries.map((planned, position) =>
    planRoom({ ...planned, code, position, people, template, accounts }),
  );
}

export function planRoom(plan: RoomPlan): PlannedRoom {
  const { code, entry, section, label, pair, position, template, accounts } = plan;
  const bots = [...new Set(entry.bots.map((bot) => accounts[bot]))].filter(
    (account) => account !== accounts.registrar,
  );
  const people = plan.people.filter(({ profile }) =>
    hasSeat({ roles: entry.roles, pair }, profile),
  );
  const powerOfPeople = people.flatMap(({ userId, profile: { role } }) => {
    const power = template.roles[role]?.power ?? 0;
    return power === 0 ? [] : [[userId, power] as const];
  });
  return {
    id: newId(CaseRoomId),
    kind: entry.kind,
    section,
    position,
    planKey: randomBytes(16).toString("hex"),
    name: neutralName(code, label ?? section ?? entry.name),
    isSpace: entry.kind === "space",
    inSpace: entry.kind !== "space" && !entry.outsideSpace,
    restricted: isOpenToSpace(entry),
    speak: entry.speak,
    bots,
    people,
    powers: new Map([...powerOfPeople, ...bots.map((bot) => [bot, botPower] as const)]),
  };
}
