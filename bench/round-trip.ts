import { openCase } from "./support/case.ts";
import { mean, median, percentile, rounded } from "./support/figures.ts";
import type { Ground } from "./support/ground.ts";
import { type Speaker, startSpeaker, UnansweredError } from "./support/speaker.ts";
import { type Subject, startBare, startRogatory } from "./support/subject.ts";

export interface RoundTripOptions {
  readonly trips: number;
  readonly commandsUnderLoad: number;
  readonly inFlight: number;
}

export interface RoundTripFigures {
  readonly subject: string;
  /** From sending until the answer is decrypted, milliseconds. */
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly commandsPerSecond: number;
  /** Commands that were never answered. */
  readonly unanswered: number;
}

interface Contestant {
  readonly name: string;
  readonly roomId: string;
  readonly command: string;
}

const warmUp = 5;
/** The person, and the clerk and the registrar. */
const membersOfCoordination = 3;

/** The same person asks all bots in turn, so that whatever else the machine does hits all alike. */
export async function benchRoundTrips(
  ground: Ground,
  options: RoundTripOptions,
): Promise<readonly RoundTripFigures[]> {
  await using cleanUp = new AsyncDisposableStack();
  const run = async (subject: Promise<Subject>) => {
    const started = await subject;
    cleanUp.defer(() => started.stop());
  };
  const person = await ground.person();
  const speaker = await startSpeaker({ ...person, url: ground.homeserver.url });
  cleanUp.defer(() => speaker.stop());

  const deployment = await ground.deployment("talk");
  const { configuration, environment } = deployment;
  await openCase(deployment, person.localpart);
  await run(startRogatory(configuration, environment));
  const coordination = await speaker.room("coordination", membersOfCoordination);

  const jsBot = await ground.bareAccount(`echo_${person.localpart}`);
  await run(startBare("js-sdk", jsBot));
  const plainBot = await ground.bareAccount(`plain_${person.localpart}`);
  await run(startBare("bot-sdk", plainBot));
  const contestants: readonly Contestant[] = [
    { name: "Rogatory", roomId: coordination, command: "!action list" },
    {
      ...{ name: "matrix-js-sdk echo", command: "!echo" },
      roomId: await speaker.openRoom(jsBot.userId, "echo", true),
    },
    {
      ...{ name: "matrix-bot-sdk echo, unencrypted", command: "!echo" },
      roomId: await speaker.openRoom(plainBot.userId, "plain", false),
    },
  ];

  const times = await inTurn(speaker, contestants, options.trips);
  const figures: RoundTripFigures[] = [];
  for (const contestant of contestants) {
    const trips = times.get(contestant.name) ?? [];
    const load = await underLoad(speaker, contestant, options);
    figures.push({
      subject: contestant.name,
      medianMs: rounded(median(trips)),
      p95Ms: rounded(percentile(trips, 0.95)),
      commandsPerSecond: rounded(load.perSecond),
      unanswered: load.unanswered,
    });
  }
  return figures;
}

async function inTurn(
  speaker: Speaker,
  contestants: readonly Contestant[],
  trips: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  for (let trip = -warmUp; trip < trips; trip += 1) {
    for (const { name, roomId, command } of contestants) {
      const milliseconds = await speaker.roundTrip(roomId, command);
      if (trip >= 0) times.set(name, [...(times.get(name) ?? []), milliseconds]);
    }
  }
  return times;
}

/**
 * Keeps this many commands waiting for their answers at any time. What is never answered holds its
 * place for long and must not count against a subject twice: the rate follows from the answers alone
 * (as many are under way as the rate times the mean time of an answer).
 */
async function underLoad(
  speaker: Speaker,
  { roomId, command }: Contestant,
  { commandsUnderLoad, inFlight }: RoundTripOptions,
): Promise<{ readonly perSecond: number; readonly unanswered: number }> {
  let left = commandsUnderLoad;
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left > 0) {
        left -= 1;
        try {
          times.push(await speaker.roundTrip(roomId, command));
        } catch (error) {
          if (!(error instanceof UnansweredError)) throw error;
        }
      }
    }),
  );
  return {
    perSecond: (inFlight * 1000) / mean(times),
    unanswered: commandsUnderLoad - times.length,
  };
}
