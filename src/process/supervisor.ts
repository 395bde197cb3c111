import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { exitCodes, isRestartable } from "./exit-codes.ts";

/** Tells the bots' process that it must not outlive its supervisor. */
export const SUPERVISED = "ROGATORY_SUPERVISED";

/** Tells the bots' process how the one before it ended: `exit code 74`, `SIGKILL`. */
export const LAST_END = "ROGATORY_LAST_END";

/** What the bots' process tells its supervisor when it is ready. */
export const READY = "ready";

export interface SupervisedEnd {
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Until it is started again; undefined if it is not. */
  readonly pauseMs: number | undefined;
}

export interface SupervisorOptions {
  /** The program that is kept running. */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Aborted to stop the process, and with it the supervisor. */
  readonly signal: AbortSignal;
  onStart?(pid: number | undefined): void;
  onEnd?(end: SupervisedEnd): void;
  readonly pauses?: Pauses;
}

interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A process that ran this long was well: the next pause is the first again. */
  readonly wellAfterMs: number;
  /** How long a process may take to stop when it is asked to. */
  readonly graceMs: number;
}

const usualPauses: Pauses = {
  firstMs: 1_000,
  longestMs: 60_000,
  wellAfterMs: 60_000,
  graceMs: 30_000,
};

/**
 * Runs a program and starts it again, with growing pauses, whenever it ends in a way that a new start
 * may heal. The program has an IPC channel, whose end tells it that the supervisor has gone.
 *
 * @returns the exit code for the supervisor itself
 */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const { signal } = options;
  const { firstMs, longestMs, wellAfterMs, graceMs } = options.pauses ?? usualPauses;
  let pauseMs = firstMs;
  let wasReady = false;
  let lastEnd: string | undefined;
  while (!signal.aborted) {
    const began = performance.now();
    const child = spawn(options.file, [...options.args], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: {
        ...(options.environment ?? process.env),
        [SUPERVISED]: "1",
        [LAST_END]: lastEnd,
      },
    });
    child.on("message", (message) => {
      if (message === READY) wasReady = true;
    });
    options.onStart?.(child.pid);
    const { code, signal: by } = await ended(child, signal, graceMs);
    lastEnd = by ?? `exit code ${code}`;
    if (performance.now() - began >= wellAfterMs) pauseMs = firstMs;
    const again = !signal.aborted && isRestartable(code, wasReady);
    options.onEnd?.({ pid: child.pid, code, signal: by, pauseMs: again ? pauseMs : undefined });
    // Killed because it did not stop in time: what was asked for has happened all the same.
    if (!again) return code === exitCodes.homeserver ? exitCodes.operator : (code ?? 0);
    await pause(pauseMs, signal);
    pauseMs = Math.min(longestMs, pauseMs * 2);
  }
  return 0;
}

/** Waits for the end of the child; when stopping is asked for, asks the child, and at last ends it. */
async function ended(
  child: ChildProcess,
  stopping: AbortSignal,
  graceMs: number,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  let force: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill("SIGTERM");
    force = setTimeout(() => child.kill("SIGKILL"), graceMs);
  };
  stopping.addEventListener("abort", stop, { once: true });
  try {
    // Rejects if there is no such program: no start can heal that.
    await once(child, "exit");
    return { code: child.exitCode, signal: child.signalCode };
  } finally {
    stopping.removeEventListener("abort", stop);
    clearTimeout(force);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
