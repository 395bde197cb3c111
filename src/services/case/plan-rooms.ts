import type { BotAccounts } from "../../domain/case/bots.ts";
import { randomBytes } from "node:crypto";
import type { RoomTemplate, Welcome } from "../../config/room-template.ts";
import type { CaseFile, PlannedPerson } from "../../domain/case/case-file.ts";
import { CaseRoomId, newId, type UserId } from "../../domain/ids.ts";

export interface PlannedRoom {
  readonly id: CaseRoomId;
  readonly kind: string;
  readonly section: string | undefined;
  readonly position: number;
  readonly planKey: string;
  /** Neutral, as the homeserver sees it. */
  readonly name: string;
  readonly isSpace: boolean;
  /** Accounts of the bots that are invited, without the one that makes the room. */
  readonly bots: readonly UserId[];
  readonly people: readonly PlannedPerson[];
  readonly powers: ReadonlyMap<UserId, number>;
  readonly welcome: Welcome | undefined;
}

/** Power of a bot in a room: enough to invite, to remove and to pin. */
const botPower = 50;

/** The rooms of a case in the order in which they are made; its space comes first. */
export function planRooms(
  code: string,
  { profile, people }: CaseFile,
  template: RoomTemplate,
  accounts: BotAccounts,
): readonly PlannedRoom[] {
  type Entry = { entry: RoomTemplate["rooms"][number]; section: string | undefined };
  const entries = template.rooms.flatMap((entry): Entry[] =>
    entry.per === "case"
      ? [{ entry, section: undefined }]
      : profile.agenda
          .filter(({ room }) => room)
          .map((section) => ({ entry, section: section.code })),
  );
  entries.sort((a, b) => Number(b.entry.kind === "space") - Number(a.entry.kind === "space"));
  return entries.map(({ entry, section }, position) => {
    const bots = [...new Set(entry.bots.map((bot) => accounts[bot]))].filter(
      (account) => account !== accounts.registrar,
    );
    const invited = people.filter(
      ({ profile: { role } }) => entry.roles === "all" || entry.roles.includes(role),
    );
    const powerOfPeople = invited.flatMap(({ userId, profile: { role } }) => {
      const power = template.roles[role]?.power ?? 0;
      return power === 0 ? [] : [[userId, power] as const];
    });
    return {
      id: newId(CaseRoomId),
      kind: entry.kind,
      section,
      position,
      planKey: randomBytes(16).toString("hex"),
      name: `${code} · ${section ?? entry.name}`,
      isSpace: entry.kind === "space",
      bots,
      people: invited,
      powers: new Map([...powerOfPeople, ...bots.map((bot) => [bot, botPower] as const)]),
      welcome: entry.welcome,
    };
  });
}
