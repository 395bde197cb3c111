import { setTimeout as delay } from "node:timers/promises";
import type { UserId } from "../../domain/ids.ts";
import type { Crowd } from "../people/crowd.ts";
import type { Random } from "./random.ts";
import type { TalkingRoom } from "./stage.ts";

const pauseMs = { from: 200, to: 2200 };
/** What a client cannot send now, the homeserver being away, is not tried again at once. */
const pauseAfterFailureMs = 1000;
const sayTimeoutMs = 60_000;

/** People who send commands until they are told to stop. */
export interface Talk {
  /** How often a client could not say for sure that its message was sent. */
  readonly doubtful: () => number;
  stop(): Promise<void>;
}

export function startTalking(crowd: Crowd, rooms: readonly TalkingRoom[], random: Random): Talk {
  const stopping = new AbortController();
  const nextCommand = commandsWithMarkers(random);
  let doubtful = 0;

  async function talk(userId: UserId): Promise<void> {
    const own = rooms.filter(({ people }) => people.includes(userId));
    while (!stopping.signal.aborted) {
      await delay(random.between(pauseMs.from, pauseMs.to));
      const room = random.pick(own);
      if (room === undefined) return;
      try {
        await crowd.say(userId, room.roomId, nextCommand(), { timeout: sayTimeoutMs });
      } catch {
        doubtful += 1;
        await delay(pauseAfterFailureMs);
      }
    }
  }
  const everybody = [...new Set(rooms.flatMap(({ people }) => people))];
  const talking = Promise.all(everybody.map(talk));
  return {
    doubtful: () => doubtful,
    async stop() {
      stopping.abort();
      await talking;
    },
  };
}

const marker = /\bmarker-\d+\b/g;

/** The markers that a text carries. */
export function markersIn(text: string): readonly string[] {
  return text.match(marker) ?? [];
}

/** Most commands write a row that carries a marker of its own; the others only read. */
function commandsWithMarkers(random: Random): () => string {
  let last = 0;
  return () => {
    const draw = random.next();
    if (draw < 0.65) return `!action add marker-${++last} ask for the statements`;
    if (draw < 0.85) {
      return `!meeting schedule 15 December 2027 at 09:30 for 2h: marker-${++last} evidence`;
    }
    if (draw < 0.95) return "!action list done";
    return "!help";
  };
}
