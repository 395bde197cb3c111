import { execFile, spawn } from "node:child_process";
import { open, readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { explainDiskError, systemErrorCode, writePrivateFile } from "./disk.ts";

const run = promisify(execFile);

const POLL_MILLISECONDS = 50;
const GRACE_MILLISECONDS = 10_000;

const ProcessRecord = z.object({
  pid: z.int().positive(),
  url: z.url(),
  serverName: z.string().min(1),
});

export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** Starts a program that outlives this one; what it prints goes to a file. */
export async function spawnDetached(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly output: string },
): Promise<{ readonly pid: number; readonly ended: Promise<void> }> {
  const output = await open(options.output, "w", 0o600).catch((error: unknown) => {
    throw explainDiskError(options.output, error);
  });
  try {
    const child = spawn(program, args, {
      cwd: options.cwd,
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(child.pid ?? 0));
    });
    child.unref();
    return { pid, ended };
  } finally {
    await output.close();
  }
}

export async function writeProcessRecord(path: string, record: ProcessRecord): Promise<void> {
  await writePrivateFile(path, `${JSON.stringify(record)}\n`);
}

/**
 * The recorded process, if it still runs.
 *
 * A process id may have been given to another program since: only one whose command line names
 * `configuration` counts.
 */
export async function readRunningProcess(
  path: string,
  configuration: string,
): Promise<ProcessRecord | undefined> {
  const text = await readFile(path, "utf8").catch(() => "null");
  const record = ProcessRecord.safeParse(parseJson(text)).data;
  if (record === undefined) return undefined;
  return (await isOurs(record.pid, configuration)) ? record : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function isOurs(pid: number, configuration: string): Promise<boolean> {
  return (await commandLine(pid)).includes(configuration);
}

async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === "linux") return await readFile(`/proc/${pid}/cmdline`, "utf8");
    return (await run("ps", ["-ww", "-o", "args=", "-p", String(pid)])).stdout;
  } catch {
    return "";
  }
}

/** Asks the process to end and, if it has not after ten seconds, ends it. Never signals another. */
export async function endProcess(pid: number, configuration: string): Promise<void> {
  if (!(await isOurs(pid, configuration))) return;
  signal(pid, "SIGTERM");
  const deadline = performance.now() + GRACE_MILLISECONDS;
  let forced = false;
  while (await isOurs(pid, configuration)) {
    if (!forced && performance.now() > deadline) {
      signal(pid, "SIGKILL");
      forced = true;
    }
    await delay(POLL_MILLISECONDS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended by itself in between.
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

export async function forgetProcess(path: string): Promise<void> {
  await rm(path, { force: true });
}
