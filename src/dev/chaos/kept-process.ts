import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { packageDirectory } from "../../config/paths.ts";
import { botsNodeFlags } from "../../process/node-flags.ts";

const program = [...botsNodeFlags, join(packageDirectory(), "bin", "rogatory.js")];
const pauseMs = 200;
const graceMs = 20_000;

/** Runs `rogatory` once and gives what it printed. */
export async function runRogatory(
  environment: NodeJS.ProcessEnv,
  ...args: readonly string[]
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...program, ...args], {
    env: environment,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** The bots' process, started again whenever it has ended: what an init system does. */
export interface KeptProcess {
  /** How often it ended, by exit code or signal. */
  readonly ends: ReadonlyMap<string, number>;
  /** Ends it with SIGKILL at this instant, whatever it is doing; false if it was just not running. */
  kill(): boolean;
  /** Asks it to end, and waits until it has; it is not started again. */
  stop(): Promise<void>;
}

export async function keepBotsRunning(options: {
  readonly configuration: string;
  readonly environment: NodeJS.ProcessEnv;
  /** File for what it prints. */
  readonly output: string;
}): Promise<KeptProcess> {
  const ends = new Map<string, number>();
  const stopping = new AbortController();
  const args = ["start", "--config", options.configuration, ...(await withoutSupervisor())];
  const output = await open(options.output, "a", 0o600);
  let child: ChildProcess | undefined;

  async function keep(): Promise<void> {
    while (!stopping.signal.aborted) {
      child = spawn(process.execPath, [...program, ...args], {
        env: options.environment,
        stdio: ["ignore", output.fd, output.fd],
      });
      await once(child, "exit");
      const how = child.signalCode ?? `exit code ${child.exitCode}`;
      ends.set(how, (ends.get(how) ?? 0) + 1);
      if (!stopping.signal.aborted) await delay(pauseMs);
    }
    await output.close();
  }
  const kept = keep();
  return {
    ends,
    kill: () => child?.exitCode === null && child.signalCode === null && child.kill("SIGKILL"),
    async stop() {
      stopping.abort();
      child?.kill("SIGTERM");
      const force = setTimeout(() => child?.kill("SIGKILL"), graceMs);
      await kept;
      clearTimeout(force);
    },
  };
}

/** Here the processes are kept by us: where `start` has a supervisor, it is left out. */
async function withoutSupervisor(): Promise<readonly string[]> {
  const help = await runRogatory(process.env, "start", "--help");
  return help.includes("--once") ? ["--once"] : [];
}
