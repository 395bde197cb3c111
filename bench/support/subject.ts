import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { botsNodeFlags } from "../../src/process/node-flags.ts";
import { program, programEnvironment } from "./program.ts";
import { type BareSettings, bareReadyLine, settingsVariable } from "./settings.ts";

const quiet = ["--disable-warning=ExperimentalWarning", "--disable-warning=DEP0060"];
const graceMs = 20_000;
const settled = { pauseMs: 1000, withinMegabytes: 2, samples: 3, atMost: 20 };

/** A program under measurement, in a process of its own. */
export interface Subject {
  /** From the start of the process until it can take its first command, in milliseconds. */
  readonly startMs: number;
  /** Resident memory in megabytes (10^6 bytes), once it no longer changes. */
  memory(): Promise<number>;
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** As the supervisor starts the bots' process. */
export function startRogatory(
  configuration: string,
  environment: NodeJS.ProcessEnv,
): Promise<Subject> {
  const args = [...botsNodeFlags, program, "start", "--once", "--config", configuration];
  return start(args, { ...environment, ...programEnvironment }, "Rogatory is ready.");
}

export function startBare(name: "js-sdk" | "bot-sdk", settings: BareSettings): Promise<Subject> {
  const file = join(import.meta.dirname, "..", "subjects", `${name}-echo.ts`);
  const environment = { ...process.env, [settingsVariable]: JSON.stringify(settings) };
  return start([...quiet, file], environment, bareReadyLine);
}

/** Runs `rogatory` until it has ended. */
export async function rogatory(
  environment: NodeJS.ProcessEnv,
  ...args: readonly string[]
): Promise<void> {
  await promisify(execFile)(process.execPath, [...quiet, program, ...args], {
    env: { ...environment, ...programEnvironment },
  });
}

/** However this process ends, no subject outlives it. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

async function start(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  readyLine: string,
): Promise<Subject> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  running.add(child);
  void ended.then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise<boolean>((resolve) => {
    lines.on("line", (line) => {
      if (line === readyLine) resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  const startMs = performance.now() - begin;
  if (!ready) throw new Error(`a subject ended before it was ready: ${args.at(-1)}`);
  return {
    startMs,
    memory: () => settledMemory(child),
    async stop() {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(force);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function settledMemory(child: ChildProcess): Promise<number> {
  const samples: number[] = [];
  for (let sample = 0; sample < settled.atMost; sample += 1) {
    samples.push(await residentMegabytes(child.pid ?? 0));
    const last = samples.slice(-settled.samples);
    const range = Math.max(...last) - Math.min(...last);
    if (last.length === settled.samples && range <= settled.withinMegabytes) break;
    await delay(settled.pauseMs);
  }
  return samples.at(-1) ?? 0;
}

async function residentMegabytes(pid: number): Promise<number> {
  if (process.platform === "linux") {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
  }
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return (Number(stdout) * 1024) / 1e6;
}
