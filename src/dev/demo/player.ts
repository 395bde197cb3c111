import { RogatoryError } from "../../domain/errors.ts";
import type { RoomMessage } from "../people/message.ts";
import type { Audience, Rooms } from "./audience.ts";
import { isCommand, type Scenario, type ScriptStep } from "./scenario.ts";

/** A step that was played: its message as its sender's client read it, and a command's answer. */
export interface Played {
  readonly step: ScriptStep;
  readonly said: RoomMessage;
  readonly answer: RoomMessage | undefined;
}

export interface PlayOptions {
  readonly onPlayed?: (played: Played) => void;
  /** Called before each step; a test ends the bots here. */
  readonly beforeStep?: (step: ScriptStep, index: number) => Promise<void>;
}

/**
 * Plays a script. A remark is followed when its echo has come, a command when it has been answered.
 * Rooms of sections run side by side, as in a workshop; what is said elsewhere waits for everything
 * before it, and everything after it waits for it.
 */
export async function play(
  audience: Audience,
  rooms: Rooms,
  { steps, parallelRooms }: Pick<Scenario, "steps" | "parallelRooms">,
  options: PlayOptions = {},
): Promise<readonly Played[]> {
  const played: Promise<Played>[] = [];
  const lastInRoom = new Map<string, Promise<unknown>>();
  let barrier: Promise<unknown> = Promise.resolve();
  for (const [index, step] of steps.entries()) {
    const parallel = parallelRooms.has(step.room);
    const before = parallel
      ? [barrier, lastInRoom.get(step.room)]
      : [barrier, ...lastInRoom.values()];
    const turn = Promise.all(before).then(async () => {
      await options.beforeStep?.(step, index);
      const result = await playStep(audience, rooms, step);
      options.onPlayed?.(result);
      return result;
    });
    played.push(turn);
    if (parallel) {
      lastInRoom.set(step.room, turn);
    } else {
      barrier = turn;
      lastInRoom.clear();
    }
  }
  return Promise.all(played);
}

async function playStep(audience: Audience, rooms: Rooms, step: ScriptStep): Promise<Played> {
  const { crowd } = audience;
  const who = audience.userId(step.who);
  const room = rooms.get(step.room);
  if (room === undefined)
    throw new RogatoryError(
      "demo.no-room",
      `The script names the room ${step.room}, which nobody has been invited to.`,
    );
  const said = await crowd.say(who, room, step.say);
  const answer = isCommand(step) ? await crowd.replyTo(who, said.eventId) : undefined;
  return { step, said, answer };
}
