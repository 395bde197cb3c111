import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import matrixJsSdk from "matrix-js-sdk/package.json" with { type: "json" };
import { z } from "zod";
import { endOnSignal } from "../src/dev/chaos/end-on-signal.ts";
import { SYNAPSE_VERSION } from "../src/dev/homeserver/environment.ts";
import { terminal } from "../src/dev/terminal.ts";
import { describeError, RogatoryError } from "../src/domain/errors.ts";
import { type Options, type parts, readOptions } from "./options.ts";
import { benchProvisioning } from "./provisioning.ts";
import { printResults, type Results } from "./report.ts";
import { benchRooms } from "./rooms.ts";
import { benchRoundTrips } from "./round-trip.ts";
import { benchSessions } from "./sessions.ts";
import { type Ground, prepareGround } from "./support/ground.ts";
import { buildProgram } from "./support/program.ts";

// npm run bench: side by side with what one would otherwise build on.

const StoreFigures = z.array(
  z.object({
    name: z.string(),
    writesPerSecond: z.number(),
    tenRowWritesPerSecond: z.number(),
    cachedReadsPerSecond: z.number(),
    readsPerSecond: z.number(),
  }),
);

async function measure(options: Options, ground: Ground): Promise<Results> {
  const wanted = (part: (typeof parts)[number]) =>
    options.only === undefined || options.only === part;
  const progress = (text: string) => terminal.progress(text);
  progress("Preparing...");
  return {
    machine: machine(options),
    date: Temporal.Now.instant().toString({ smallestUnit: "minute" }),
    version: await version(),
    rooms: options.rooms,
    ...(wanted("round-trip")
      ? {
          roundTrips: await benchRoundTrips(ground, {
            ...{ trips: options.trips, commandsUnderLoad: 200, inFlight: 20 },
          }),
        }
      : {}),
    ...(wanted("rooms") ? { manyRooms: await benchRooms(ground, progress) } : {}),
    ...(wanted("sessions") ? { manySessions: await benchSessions(ground, options.sessions) } : {}),
    ...(wanted("provisioning") ? { provisioning: await benchProvisioning(ground, progress) } : {}),
    ...(wanted("indexeddb") ? { stores: await benchStores(ground) } : {}),
  };
}

async function benchStores({ databaseUrl }: Ground) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "subjects", "indexeddb-figures.ts"),
    ],
    {
      env: {
        ...process.env,
        ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      },
    },
  );
  return StoreFigures.parse(JSON.parse(stdout));
}

function machine({ database }: Options): Results["machine"] {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGigabytes: Math.round(totalmem() / 1e9),
    node: process.versions.node,
    database,
    synapse: SYNAPSE_VERSION,
    matrixJsSdk: matrixJsSdk.version,
    system: `${type()} ${release()}`,
    load: Number(loadavg()[0]?.toFixed(1)),
  };
}

async function version(): Promise<string> {
  const git = (...args: readonly string[]) => promisify(execFile)("git", args);
  const { stdout: commit } = await git("rev-parse", "--short", "HEAD");
  const { stdout: changes } = await git("status", "--porcelain", "--untracked-files=no");
  return `${commit.trim()}${changes === "" ? "" : "+"}`;
}

try {
  const options = readOptions(process.argv.slice(2));
  await buildProgram();
  const ground = await prepareGround(options.database, options.rooms);
  try {
    endOnSignal(() => ground.close());
    const results = await measure(options, ground);
    const name = options.only === undefined ? "results" : `results-${options.only}`;
    await writeFile(
      join(import.meta.dirname, `${name}.json`),
      `${JSON.stringify(results, undefined, 2)}\n`,
    );
    printResults(results);
  } finally {
    await ground.close();
  }
} catch (error) {
  terminal.error(error instanceof RogatoryError ? describeError(error) : inspect(error));
  process.exitCode = 1;
}
// Clients that were stopped leave timers behind.
process.exit();
