import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { packageDirectory } from "../../config/paths.ts";
import { RogatoryError } from "../../domain/errors.ts";
import {
  endProcess,
  forgetProcess,
  readRunningProcess,
  writeProcessRecord,
} from "../homeserver/server-process.ts";

const READY_LINE = "Rogatory is ready.";
const READY_MILLISECONDS = 180_000;
const GRACE_MILLISECONDS = 15_000;

export interface BotsFiles {
  readonly configuration: string;
  /** What the process prints; its log proper is in the data directory. */
  readonly output: string;
  /** Names the process, so that a later run can end what an interrupted one left behind. */
  readonly record: string;
}

/** `rogatory start` as a child process. */
export interface BotsProcess {
  readonly pid: number;
  /** Settles only if the process ends without having been asked to. */
  readonly broken: Promise<RogatoryError>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL, whatever it is doing. */
  kill(): Promise<void>;
}

/**
 * Starts the bots and waits until they are ready. With `once` there is no supervisor that would
 * start them again.
 *
 * @throws RogatoryError `demo.bots-ended` or `demo.bots-not-ready`
 */
export async function startBotsProcess(
  files: BotsFiles,
  about: { readonly url: string; readonly serverName: string },
  options: { readonly once?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<BotsProcess> {
  const output = await open(files.output, "a", 0o600);
  options.signal?.throwIfAborted();
  const child = spawn(
    process.execPath,
    [
      ...["--disable-warning=ExperimentalWarning", join(packageDirectory(), "bin", "rogatory.js")],
      ...["start", "--config", files.configuration, ...(options.once === true ? ["--once"] : [])],
    ],
    // In a process group of its own: Ctrl-C ends the people first, then the bots, in order.
    { stdio: ["ignore", "pipe", output.fd], detached: true },
  );
  const ended = once(child, "exit");
  options.signal?.addEventListener("abort", () => child.kill("SIGTERM"));
  await once(child, "spawn");
  await output.close();
  const pid = child.pid ?? 0;
  await writeProcessRecord(files.record, { pid, ...about });

  let expected = false;
  const end = async (signal: NodeJS.Signals) => {
    expected = true;
    if (isRunning(child)) child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), GRACE_MILLISECONDS);
    await ended;
    clearTimeout(force);
    await forgetProcess(files.record);
  };
  const broken = ended.then(() =>
    expected ? new Promise<never>(() => {}) : hasEnded(child, files),
  );
  const ready = waitForLine(child.stdout, READY_LINE);
  const failure = await Promise.race([ready, broken, tooSlow(files)]);
  if (failure !== undefined) {
    await end("SIGKILL");
    throw failure;
  }
  return { pid, broken, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** Ends the bots that an interrupted run left behind, if they still run. */
export async function endLeftBots(files: BotsFiles): Promise<void> {
  const left = await readRunningProcess(files.record, files.configuration);
  if (left !== undefined) await endProcess(left.pid, files.configuration);
  await forgetProcess(files.record);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function waitForLine(stream: Readable | null, wanted: string): Promise<undefined> {
  if (stream === null) return undefined;
  const lines = createInterface({ input: stream });
  for await (const line of lines) {
    if (line !== wanted) continue;
    // Whatever else it prints must not fill the pipe.
    stream.resume();
    return undefined;
  }
  return new Promise<never>(() => {});
}

async function tooSlow(files: BotsFiles): Promise<RogatoryError> {
  await new Promise((resolve) => setTimeout(resolve, READY_MILLISECONDS).unref());
  return new RogatoryError(
    "demo.bots-not-ready",
    `The bots were not ready after ${READY_MILLISECONDS / 1000} seconds: read ${files.output}.`,
  );
}

function hasEnded({ exitCode, signalCode }: ChildProcess, files: BotsFiles): RogatoryError {
  const how = signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
  return new RogatoryError(
    "demo.bots-ended",
    `The bots' process ended ${how}: read ${files.output} and the log beside it.`,
  );
}
