import { z } from "zod";
import type { BotName } from "../case/bots.ts";
import type { Capability } from "../case/capability.ts";

/** What a room's board can show. */
export const BoardContent = z.enum(["meetings", "actions", "requests", "takeaways"]);
export type BoardContent = z.infer<typeof BoardContent>;

interface BoardSource {
  /** Who keeps it, and so the board. */
  readonly bot: BotName;
  /** What a role needs to read it, wherever it stands. */
  readonly capability: Capability;
  /** What lists all of it. */
  readonly list: string;
  /** What adds to it. */
  readonly add: string;
}

export const boardSources: Readonly<Record<BoardContent, BoardSource>> = {
  meetings: {
    ...{ bot: "clerk", capability: "meeting.read" },
    ...{ list: "!meeting list", add: "!meeting schedule" },
  },
  actions: {
    ...{ bot: "clerk", capability: "action.read" },
    ...{ list: "!action list", add: "!action add" },
  },
  requests: {
    ...{ bot: "clerk", capability: "request.read" },
    ...{ list: "!request list", add: "!request new" },
  },
  takeaways: {
    ...{ bot: "scribe", capability: "takeaway.list" },
    ...{ list: "!takeaway list", add: "!takeaway" },
  },
};

/** The bot that keeps a board: that of all it shows. */
export function botOfBoard([first]: readonly BoardContent[]): BotName {
  return boardSources[first ?? "meetings"].bot;
}

/**
 * What is wrong with a board for those who read it; undefined if nothing is. Everybody in the room reads
 * the board: it shows only what the role of each may see.
 */
export function problemOfBoard(
  board: readonly BoardContent[],
  room: {
    readonly isSpace: boolean;
    readonly bots: readonly BotName[];
    readonly seated: ReadonlyMap<string, readonly Capability[]>;
  },
): string | undefined {
  if (room.isSpace) return "a space is not encrypted, so that it has no board";
  const bots = new Set(board.map((content) => boardSources[content].bot));
  if (bots.size > 1) return "one board is kept by one bot: leave out takeaways, or all the rest";
  const missing = [...bots].find((bot) => !room.bots.includes(bot));
  if (missing !== undefined) return `the ${missing} keeps this board and is not in the room`;
  for (const content of board) {
    const { capability } = boardSources[content];
    const blind = [...room.seated].find(([, held]) => !held.includes(capability));
    if (blind !== undefined) {
      return `it shows ${content}, but ${blind[0]}, who sits in the room, may not see them (${capability})`;
    }
  }
  return undefined;
}
