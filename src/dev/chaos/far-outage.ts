import { setTimeout as delay } from "node:timers/promises";
import type { Stage, TalkingRoom } from "./stage.ts";

export interface FarOutageDone {
  readonly seconds: number;
  /** What was said meanwhile in the rooms of people on the homeserver that was away. */
  readonly missed: number;
  /** From its return until everybody on it had read all of that; undefined if that never came. */
  readonly catchUpSeconds: number | undefined;
}

/** Generous: two homeservers, the bots and everybody's clients may share two cores. */
const catchUpMs = 300_000;

/** Lets the second homeserver be away for a time, and waits until its people have read what they missed. */
export async function causeFarOutage(
  { far, crowd }: Stage,
  rooms: readonly TalkingRoom[],
  duration: number,
): Promise<FarOutageDone | undefined> {
  if (far === undefined) return undefined;
  const before = crowd.timeline.messages.length;
  const start = performance.now();
  await far.stop();
  await delay(duration);
  await far.startAgain();
  const back = performance.now();
  const missed = crowd.timeline.messages.slice(before);
  const reading = missed.flatMap(({ roomId, eventId }) =>
    far.people
      .filter((userId) =>
        rooms.some((room) => room.roomId === roomId && room.people.includes(userId)),
      )
      .map((userId) => crowd.reads(userId, eventId, catchUpMs)),
  );
  const hasRead = await Promise.all(reading).then(
    () => true,
    () => false,
  );
  return {
    seconds: tenths(back - start),
    missed: missed.length,
    catchUpSeconds: hasRead ? tenths(performance.now() - back) : undefined,
  };
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
