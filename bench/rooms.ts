import { openCase } from "./support/case.ts";
import { median, rounded } from "./support/figures.ts";
import { type Deployment, type Ground, oneAccount } from "./support/ground.ts";
import { startSpeaker } from "./support/speaker.ts";
import { type Subject, startBare, startRogatory } from "./support/subject.ts";

export interface RoomFigures {
  readonly subject: string;
  /** Resident memory in an account without rooms, megabytes. */
  readonly idleMegabytes: number;
  readonly megabytes: number;
  readonly addedMegabytes: number;
  /** From the start of the process until the first command can be taken, seconds: without rooms. */
  readonly idleStartSeconds: number;
  /** Only of a start that really is the very first, and learns of all rooms at once. */
  readonly first?: { readonly addedMegabytes: number; readonly seconds: number };
  /** Every later start. */
  readonly restartSeconds: number;
  /**
   * From the start of the process until a person reads the answer to a command that was typed before;
   * only where keys outlive the process.
   */
  readonly answerSeconds?: number;
}

const rogatoryName = "Rogatory";
const starts = 5;
const command = "!action list";
/** The person, and the one account of the bots. */
const membersOfCoordination = 2;

/** Memory and restart of one account in many encrypted rooms. */
export async function benchRooms(
  ground: Ground,
  onProgress: (text: string) => void,
): Promise<readonly RoomFigures[]> {
  await ground.ensureRooms(["bench_bare", "bench"], (made) => {
    if (made % 50 === 0) onProgress(`${made} rooms made...`);
  });
  const crowded = await ground.deployment("crowded", oneAccount("bench"));
  const idle = await ground.deployment("idle", oneAccount("bench_idle"));
  const subjects: readonly (readonly [string, () => Promise<Subject>, () => Promise<Subject>])[] = [
    [
      rogatoryName,
      () => startRogatory(idle.configuration, idle.environment),
      () => startRogatory(crowded.configuration, crowded.environment),
    ],
    [
      "matrix-js-sdk",
      async () => startBare("js-sdk", await ground.bareAccount("bench_idle_bare")),
      async () => startBare("js-sdk", await ground.bareAccount("bench_bare")),
    ],
    [
      "matrix-bot-sdk, unencrypted",
      async () => startBare("bot-sdk", await ground.bareAccount("bench_idle_bare")),
      async () => startBare("bot-sdk", await ground.bareAccount("bench_bare")),
    ],
  ];
  const figures: RoomFigures[] = [];
  for (const [subject, startIdle, startCrowded] of subjects) {
    onProgress(`${subject} in many rooms...`);
    // What only a first start does is not what every later one costs.
    const firstIdle = await measureStart(startIdle);
    const first = await measureStart(startCrowded);
    const idleRuns = await measureStarts(startIdle);
    const runs = await measureStarts(startCrowded);
    // The other two keep nothing from run to run.
    const isFirst = subject !== rogatoryName || crowded.isNew;
    const idleMegabytes = median(idleRuns.map(({ megabytes }) => megabytes));
    const megabytes = median(runs.map((run) => run.megabytes));
    figures.push({
      subject,
      idleMegabytes: rounded(idleMegabytes),
      megabytes: rounded(megabytes),
      addedMegabytes: rounded(megabytes - idleMegabytes),
      idleStartSeconds: rounded(median(idleRuns.map(({ seconds }) => seconds)), 2),
      restartSeconds: rounded(median(runs.map(({ seconds }) => seconds)), 2),
      ...(isFirst
        ? {
            first: {
              addedMegabytes: rounded(first.megabytes - firstIdle.megabytes),
              seconds: rounded(first.seconds, 2),
            },
          }
        : {}),
      ...(subject === rogatoryName ? { answerSeconds: await measureAnswers(ground, crowded) } : {}),
    });
  }
  return figures;
}

/** Commands that wait when the process starts. */
async function measureAnswers(ground: Ground, deployment: Deployment): Promise<number> {
  const person = await ground.person();
  await using cleanUp = new AsyncDisposableStack();
  const speaker = await startSpeaker({ ...person, url: ground.homeserver.url });
  cleanUp.defer(() => speaker.stop());
  await openCase(deployment, person.localpart);
  const start = () => startRogatory(deployment.configuration, deployment.environment);
  const making = await start();
  const coordination = await speaker.room("coordination", membersOfCoordination);
  await speaker.roundTrip(coordination, command);
  await making.stop();
  const seconds: number[] = [];
  for (let run = 0; run < starts; run += 1) {
    const answer = await speaker.ask(coordination, command);
    const begin = performance.now();
    const [answeredAt, subject] = await Promise.all([answer(), start()]);
    seconds.push((answeredAt - begin) / 1000);
    await subject.stop();
  }
  return rounded(median(seconds), 2);
}

export interface StartFigures {
  readonly seconds: number;
  readonly megabytes: number;
}

export async function measureStart(start: () => Promise<Subject>): Promise<StartFigures> {
  const subject = await start();
  const megabytes = await subject.memory();
  await subject.stop();
  return { seconds: subject.startMs / 1000, megabytes };
}

export async function measureStarts(
  start: () => Promise<Subject>,
): Promise<readonly StartFigures[]> {
  const figures: StartFigures[] = [];
  for (let run = 0; run < starts; run += 1) figures.push(await measureStart(start));
  return figures;
}
