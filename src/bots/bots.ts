import type { BotName } from "../domain/case/bots.ts";

/**
 * Which bot answers a command in a room: the one whose command it is, or, for what belongs to
 * nobody in particular (help, unknown commands), the first bot of the room. So one bot answers.
 *
 * @param present the bots of the room, as its template lists them
 * @returns undefined if the command's bot is not in this room
 */
export function answeringBot(
  present: readonly BotName[],
  wanted: BotName | undefined,
): BotName | undefined {
  return wanted === undefined ? present[0] : present.find((bot) => bot === wanted);
}
