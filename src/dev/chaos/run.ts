import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig } from "../../config/config.ts";
import type { RoomMessage } from "../people/message.ts";
import { endOnSignal } from "./end-on-signal.ts";
import { badWeather, causeFaults, type FaultsDone, talkMinutes } from "./faults.ts";
import { type KeptProcess, keepBotsRunning } from "./kept-process.ts";
import type { ChaosOptions } from "./options.ts";
import { startPostgresql } from "./postgresql.ts";
import { calm, type FaultCounts } from "./proxy.ts";
import { seededRandom } from "./random.ts";
import { type Stage, setStage, type TalkingRoom } from "./stage.ts";
import { startTalking } from "./talk.ts";
import { commandsOf, count, isFlawless, type Tally } from "./tally.ts";

export interface ChaosResults {
  readonly options: ChaosOptions;
  readonly faults: FaultsDone;
  readonly requests: Readonly<FaultCounts>;
  /** How the bots' process ended, and how often. */
  readonly ends: Readonly<Record<string, number>>;
  /** Messages of which a client was not sure whether they were sent. */
  readonly doubtful: number;
  /** From the last fault until the last command was answered. */
  readonly settleSeconds: number;
  readonly tally: Tally;
  readonly flawless: boolean;
}

/** Generous: many commands may wait for bots that were down for most of the time. */
const settleMs = 900_000;

/**
 * Lets people talk to the bots while everything around them breaks, waits until all is answered,
 * and counts.
 *
 * @param folder for everything the run writes; deleted if nothing was wrong
 */
export async function runChaos(
  options: ChaosOptions,
  folder: string,
  onProgress: (text: string) => void = () => {},
): Promise<ChaosResults> {
  await using cleanUp = new AsyncDisposableStack();
  let isWanted = true;
  // Deleted last: the homeserver that is to be stopped is found by what stands in it.
  cleanUp.defer(async () => {
    if (!isWanted) await rm(folder, { recursive: true, force: true });
  });
  endOnSignal(() => cleanUp.disposeAsync());
  const databaseUrl = await provideDatabase(options, cleanUp);
  const stage = await setStage({
    ...{ folder, databaseUrl, random: seededRandom(options.seed + 1) },
    withFar: options.farOutage > 0,
  });
  cleanUp.defer(() => stage.close());
  const bots = await keepBotsRunning({
    ...{ configuration: stage.configuration, environment: stage.environment },
    output: join(folder, "bots.log"),
  });
  cleanUp.defer(() => bots.stop());
  onProgress("The case is being made...");
  const rooms = await stage.enterRooms();
  await askInEachRoom(stage, rooms, Number.POSITIVE_INFINITY);

  onProgress(`People talk and things break for ${talkMinutes(options)} minutes...`);
  const talk = startTalking(stage.crowd, rooms, seededRandom(options.seed + 2));
  stage.proxy.setWeather(badWeather);
  const faults = await causeFaults(
    ...([options, stage, bots, seededRandom(options.seed), databaseUrl, rooms] as const),
  );
  await talk.stop();
  stage.proxy.setWeather(calm);

  onProgress("Everything is given time to settle...");
  const settleSeconds = await settle(stage, rooms);
  const readings = await stage.crowd.readings();
  const { messages } = stage.crowd.timeline;
  await bots.stop();
  const config = loadConfig(stage.configuration, stage.environment);
  const tally = await count(config, { messages, readings, rooms });
  const results: ChaosResults = {
    ...{ options, faults, requests: { ...stage.proxy.counts }, ends: endsOf(bots) },
    ...{ doubtful: talk.doubtful(), settleSeconds, tally, flawless: isFlawless(tally) },
  };
  await writeFile(
    join(folder, "evidence.json"),
    JSON.stringify({ rooms, readings, messages }, undefined, 1),
  );
  isWanted = options.keep || !results.flawless;
  return results;
}

async function provideDatabase(
  { database }: ChaosOptions,
  cleanUp: AsyncDisposableStack,
): Promise<string | undefined> {
  if (database === "pglite") return undefined;
  const given = process.env.ROGATORY_CHAOS_DATABASE_URL;
  if (given !== undefined && given !== "") return given;
  const server = await startPostgresql();
  cleanUp.defer(() => server.stop());
  return server.url;
}

/**
 * Waits for an answer to every command. Then everybody asks once more in each room: rooms are
 * answered in order, so that a second answer to an earlier command would have come before.
 */
async function settle(stage: Stage, rooms: readonly TalkingRoom[]): Promise<number> {
  const start = performance.now();
  const deadline = start + settleMs;
  const open = () => commandsOf({ messages: stage.crowd.timeline.messages, rooms });
  await Promise.allSettled(
    open().map(({ sender, eventId }) =>
      stage.crowd.replyTo(sender, eventId, Math.max(1000, deadline - performance.now())),
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  await askInEachRoom(stage, rooms, deadline);
  return Math.round(seconds * 10) / 10;
}

/** Everybody in a room says something and has read the answer to the last of it. */
async function askInEachRoom(
  { crowd }: Stage,
  rooms: readonly TalkingRoom[],
  deadline: number,
): Promise<void> {
  const timeout = Math.min(120_000, Math.max(30_000, deadline - performance.now()));
  await Promise.allSettled(
    rooms.map(async ({ roomId, people }) => {
      let last: RoomMessage | undefined;
      for (const userId of people) {
        const { eventId } = await crowd.say(userId, roomId, "!action list done", { timeout });
        last = await crowd.replyTo(userId, eventId, timeout);
      }
      const { eventId } = last ?? {};
      if (eventId === undefined) return;
      await Promise.all(people.map((userId) => crowd.reads(userId, eventId, timeout)));
    }),
  );
}

function endsOf({ ends }: KeptProcess): Readonly<Record<string, number>> {
  return Object.fromEntries([...ends].toSorted());
}
