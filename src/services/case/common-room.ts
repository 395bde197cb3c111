import { roomTemplate } from "../../config/room-template.ts";
import type { BotName } from "../../domain/case/bots.ts";
import type { CaseRoom } from "../../domain/case/case.ts";

/** The first room of everybody (coordination, plenary); with a bot, the first in which that one is. */
export function commonRoom(
  rooms: readonly CaseRoom[],
  template: string,
  bot?: BotName,
): CaseRoom | undefined {
  const open = roomTemplate(template).rooms.find(
    ({ kind, per, roles, bots }) =>
      kind !== "space" &&
      per === "case" &&
      roles === "all" &&
      (bot === undefined || bots.includes(bot)),
  );
  return rooms.find(({ kind }) => kind === open?.kind);
}

/** Where everybody is told what concerns all; the first room of everybody where there is no such room. */
export function noticesRoom(rooms: readonly CaseRoom[], template: string): CaseRoom | undefined {
  const { noticesRoom: kind } = roomTemplate(template);
  // A case from before its template had one is without it until its file is applied again.
  const own = rooms.find((room) => room.kind === kind);
  return own ?? commonRoom(rooms, template, "registrar");
}

/** Where only those who lead are spoken to; the room of everybody where there is no such room. */
export function leadersRoom(
  rooms: readonly CaseRoom[],
  template: string,
  bot: BotName,
): CaseRoom | undefined {
  const { leadersRoom: kind, rooms: entries } = roomTemplate(template);
  const entry = entries.find((room) => room.kind === kind && room.bots.includes(bot));
  const own = rooms.find((room) => room.kind === entry?.kind);
  return own ?? commonRoom(rooms, template, bot);
}
