import { median, rounded } from "./support/figures.ts";
import { type Ground, oneAccount } from "./support/ground.ts";
import { type Subject, startBare, startRogatory } from "./support/subject.ts";

export interface RoomFigures {
  readonly subject: string;
  /** Resident memory in an account without rooms, megabytes. */
  readonly idleMegabytes: number;
  readonly megabytes: number;
  readonly addedMegabytes: number;
  /** From the start of the process until the first command can be taken, seconds: without rooms. */
  readonly idleStartSeconds: number;
  /** The very first start, which learns of all rooms. */
  readonly firstStartSeconds: number;
  /** Every later start. */
  readonly restartSeconds: number;
}

const starts = 3;

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
      "Rogatory",
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
    await measureStart(startIdle);
    const first = await measureStart(startCrowded);
    const idleRuns = await measureStarts(startIdle);
    const runs = await measureStarts(startCrowded);
    const idleMegabytes = median(idleRuns.map(({ megabytes }) => megabytes));
    const megabytes = median(runs.map((run) => run.megabytes));
    figures.push({
      subject,
      idleMegabytes: rounded(idleMegabytes),
      megabytes: rounded(megabytes),
      addedMegabytes: rounded(megabytes - idleMegabytes),
      idleStartSeconds: rounded(median(idleRuns.map(({ seconds }) => seconds)), 2),
      firstStartSeconds: rounded(first.seconds, 2),
      restartSeconds: rounded(median(runs.map(({ seconds }) => seconds)), 2),
    });
  }
  return figures;
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
