import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { causeFarOutage, type FarOutageDone } from "./far-outage.ts";
import type { KeptProcess } from "./kept-process.ts";
import type { ChaosOptions } from "./options.ts";
import type { Weather } from "./proxy.ts";
import type { Random } from "./random.ts";
import type { Stage, TalkingRoom } from "./stage.ts";

/** Frequent enough for every kind of request to be hit, rare enough for a start to succeed. */
export const badWeather: Weather = {
  sending: { limited: 0.08, lostRequest: 0.04, lostAnswer: 0.08 },
  other: { limited: 0.01, lostRequest: 0.01, lostAnswer: 0.01 },
};

export interface FaultsDone {
  killsAtRandom: number;
  /** In the middle of a message: before the homeserver has it, or after, without the answer. */
  killsInMessage: number;
  homeserverRestarts: number;
  databaseCuts: number;
  /** How many connections these cuts ended. */
  connectionsCut: number;
  /** If there is a second homeserver. */
  farOutage: FarOutageDone | undefined;
}

type Fault = "kill" | "kill in message" | "restart" | "cut" | "far outage";

/** How long people talk and things break: at least a fifth longer than the second homeserver is away. */
export function talkMinutes({ minutes, farOutage }: ChaosOptions): number {
  return Math.max(minutes, 1.2 * farOutage);
}

/** Breaks things at random instants over the given time; returns when the time is over. */
export async function causeFaults(
  options: ChaosOptions,
  stage: Stage,
  bots: KeptProcess,
  random: Random,
  databaseUrl: string | undefined,
  rooms: readonly TalkingRoom[],
): Promise<FaultsDone> {
  const done: FaultsDone = {
    ...{ killsAtRandom: 0, killsInMessage: 0, homeserverRestarts: 0 },
    ...{ databaseCuts: 0, connectionsCut: 0, farOutage: undefined },
  };
  const act: Readonly<Record<Fault, () => Promise<void>>> = {
    async kill() {
      while (!bots.kill()) await delay(random.between(100, 2000));
      done.killsAtRandom += 1;
    },
    async "kill in message"() {
      const moment = random.happens(0.5)
        ? "before it is forwarded"
        : "after it was done, before the answer";
      await new Promise<void>((resolve) => {
        stage.proxy.onNextMessage(moment, () => {
          bots.kill();
          done.killsInMessage += 1;
          resolve();
        });
      });
    },
    async restart() {
      await stage.restartHomeserver();
      done.homeserverRestarts += 1;
    },
    async cut() {
      if (databaseUrl === undefined) return;
      done.connectionsCut += await cutConnections(databaseUrl);
      done.databaseCuts += 1;
    },
    async "far outage"() {
      done.farOutage = await causeFarOutage(stage, rooms, options.farOutage * 60_000);
    },
  };
  const duration = talkMinutes(options) * 60_000;
  const start = performance.now();
  const pending: Promise<void>[] = [];
  for (const { at, fault } of plan(options, random, duration, databaseUrl !== undefined)) {
    await delay(Math.max(0, start + at - performance.now()));
    // A homeserver takes seconds to restart: the next fault does not wait for it.
    pending.push(act[fault]());
  }
  await delay(Math.max(0, start + duration - performance.now()));
  await Promise.all(pending);
  return done;
}

function plan(
  { kills, homeserverRestarts, databaseCuts, farOutage }: ChaosOptions,
  random: Random,
  duration: number,
  canCut: boolean,
): readonly { readonly at: number; readonly fault: Fault }[] {
  const inMessage = Math.floor(kills / 2);
  const wanted: readonly (readonly [Fault, number])[] = [
    ["kill", kills - inMessage],
    ["kill in message", inMessage],
    ["restart", homeserverRestarts],
    ["cut", canCut ? databaseCuts : 0],
  ];
  const spread = wanted.flatMap(([fault, times]) =>
    // Spread over the time, so that two restarts of the homeserver never meet.
    Array.from({ length: times }, (_, index) => ({
      at: ((index + random.between(0.1, 0.7)) / times) * duration,
      fault,
    })),
  );
  // Early enough to be over, and for people to talk a little across both homeservers afterwards.
  const outage = { at: 0.1 * farOutage * 60_000, fault: "far outage" } as const;
  return [...spread, ...(farOutage > 0 ? [outage] : [])].toSorted((a, b) => a.at - b.at);
}

async function cutConnections(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  await client.end();
  return rowCount ?? 0;
}
