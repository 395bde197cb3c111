import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, configDirectory } from "../../config/paths.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { explainDiskError } from "./disk.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";
import { findPython } from "./python.ts";

export const SYNAPSE_VERSION = "1.163.2";

export interface EnvironmentOptions {
  /** Default: the project's `.cache`, or the user's cache folder for an installed package. */
  readonly cache?: string;
  /** Names or paths of Pythons to try. */
  readonly pythons?: readonly string[];
  readonly onProgress?: (text: string) => void;
  /** For pip, such as a mirror or a proxy. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Makes the virtual environment with Synapse once and gives the path of its Python.
 *
 * A virtual environment cannot be renamed (its scripts hold their own path), so it is built in its
 * final place and a stamp is written last: without the stamp it is built anew.
 *
 * @throws RogatoryError about Python, the disk or the network
 */
export async function prepareEnvironment(options: EnvironmentOptions = {}): Promise<string> {
  const constraints = join(configDirectory(), "homeserver", "synapse-constraints.txt");
  const digest = createHash("sha256")
    .update(await readFile(constraints))
    .digest("hex");
  const cache = options.cache ?? cacheDirectory();
  const folder = join(cache, `synapse-${SYNAPSE_VERSION}-${digest.slice(0, 8)}`);
  const python = join(folder, "bin", "python");
  const stamp = join(folder, "complete");
  // The link to the Python it was made with is dead after an upgrade of that Python.
  const isComplete = () => existsSync(stamp) && existsSync(python);

  if (isComplete()) return python;
  const onProgress = options.onProgress ?? (() => {});
  return withExclusiveLock(
    `${folder}.lock`,
    async () => {
      if (isComplete()) return python;
      const base = await findPython(options.pythons);
      onProgress(`Setting up Synapse ${SYNAPSE_VERSION} (once, about half a minute)...`);
      try {
        await rm(folder, { recursive: true, force: true });
        await build(base.executable, folder, constraints, options.environment ?? process.env);
        await writeFile(stamp, `${base.version}\n`);
      } catch (error) {
        throw explainDiskError(folder, error);
      }
      return python;
    },
    () => onProgress("Waiting for another process that is setting up Synapse..."),
  );
}

async function build(
  basePython: string,
  folder: string,
  constraints: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const log = `${folder}.log`;
  await runLogged(log, basePython, ["-m", "venv", folder], environment);
  await runLogged(
    log,
    join(folder, "bin", "python"),
    [
      ...["-m", "pip", "install", "--no-input", "--disable-pip-version-check"],
      // Wheels only: building from source would need a Rust compiler.
      ...["--only-binary", ":all:", "--retries", "2", "--progress-bar", "off"],
      ...["--constraint", constraints, `matrix-synapse==${SYNAPSE_VERSION}`],
    ],
    environment,
  );
}

async function runLogged(
  log: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const file = await open(log, "w", 0o600);
  try {
    const child = spawn(program, args, { stdio: ["ignore", file.fd, file.fd], env: environment });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", resolve);
    });
    if (code !== 0) throw explainFailure(await readFile(log, "utf8"), log);
  } finally {
    await file.close();
  }
}

export function explainFailure(output: string, log: string): RogatoryError {
  if (/No space left on device|Read-only file system|Permission denied/i.test(output)) {
    return new RogatoryError(
      "disk-not-writable",
      `Synapse could not be set up because the disk is full or not writable: free some space or change the permissions and try again (details: ${log}).`,
    );
  }
  if (
    /NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|ProxyError|Connection refused|SSLError|Max retries/i.test(
      output,
    )
  ) {
    return new RogatoryError(
      "no-network",
      `Synapse could not be downloaded: check the network connection and pip's index and proxy settings, and try again (details: ${log}).`,
    );
  }
  return new RogatoryError(
    "synapse-not-installed",
    `Synapse ${SYNAPSE_VERSION} could not be installed: read the reason in ${log} and try again.`,
  );
}
