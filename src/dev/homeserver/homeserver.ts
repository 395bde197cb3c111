import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RogatoryError } from "../../domain/errors.ts";
import { homeserverFiles, writeConfiguration } from "./configuration.ts";
import { makeDirectory } from "./disk.ts";
import { type EnvironmentOptions, prepareEnvironment } from "./environment.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";
import { ensureCertificate, type Federation } from "./federation.ts";
import { claimPort } from "./port.ts";
import {
  endProcess,
  forgetProcess,
  type ProcessRecord,
  readRunningProcess,
  spawnDetached,
  writeProcessRecord,
} from "./server-process.ts";

export const DEFAULT_PORT = 8008;
export const DEFAULT_SERVER_NAME = "rogatory.localhost";

const READY_MILLISECONDS = 90_000;
const POLL_MILLISECONDS = 50;
const FREE_PORT_TRIES = 3;

export interface HomeserverOptions {
  /** Where its database, keys and logs are; made if missing. One homeserver per directory. */
  readonly directory: string;
  /** On 127.0.0.1; default 8008. */
  readonly port?: number | "free";
  readonly serverName?: string;
  /** Paths of application-service registration files. */
  readonly registrations: readonly string[];
  /** Left out: it speaks with no other homeserver. */
  readonly federation?: Federation;
  /** Its log is written at the level DEBUG, and kept whole; default false. */
  readonly debug?: boolean;
  readonly onProgress?: (text: string) => void;
  readonly environment?: Omit<EnvironmentOptions, "onProgress">;
}

export interface Homeserver {
  readonly url: string;
  readonly serverName: string;
  readonly registrationSharedSecret: string;
  readonly pid: number;
  /** Ends it and keeps its data; calling it again does nothing. */
  stop(): Promise<void>;
  /** Ends it and starts it again on the same port and data. */
  restart(): Promise<Homeserver>;
}

/**
 * Starts Synapse for development and tests, reachable from this machine only, and waits until it
 * answers. One that already runs in the directory with the same settings is taken as it is; with
 * others it is restarted.
 *
 * @throws RogatoryError one sentence about Python, the network, the disk, the port or Synapse
 */
export async function startHomeserver(options: HomeserverOptions): Promise<Homeserver> {
  const python = await prepareEnvironment({
    ...options.environment,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  for (const registration of options.registrations) {
    if (existsSync(registration)) continue;
    throw new RogatoryError(
      "registration-missing",
      `The registration file ${registration} does not exist: make it with \`rogatory appservice\` first.`,
    );
  }
  const files = homeserverFiles(options.directory);
  return withExclusiveLock(files.lock, async () => {
    const { record, registrationSharedSecret } = await startLocked(python, options);
    const { pid, url, serverName } = record;
    return {
      ...{ url, serverName, registrationSharedSecret, pid },
      stop: () => stopHomeserver(options.directory),
      restart: async () => {
        await stopHomeserver(options.directory);
        return startHomeserver({ ...options, port: Number(new URL(url).port) });
      },
    };
  });
}

async function startLocked(python: string, options: HomeserverOptions) {
  const { directory, registrations, federation, debug } = options;
  const files = homeserverFiles(directory);
  const serverName = await checkServerName(directory, options.serverName ?? DEFAULT_SERVER_NAME);
  const running = await readRunningProcess(files.process, files.configuration);
  const wanted = options.port ?? DEFAULT_PORT;
  let triesLeft = wanted === "free" ? FREE_PORT_TRIES : 1;

  if (running !== undefined) {
    const port = wanted === "free" ? Number(new URL(running.url).port) : wanted;
    const settings = { directory, port, serverName, registrations, federation, debug };
    const { registrationSharedSecret, changed } = await writeConfiguration(settings);
    if (!changed) {
      await waitUntilReady(running, files);
      return { record: running, registrationSharedSecret };
    }
    await endProcess(running.pid, files.configuration);
  }

  if (federation !== undefined) {
    await makeDirectory(directory);
    await ensureCertificate(python, files);
  }
  for (;;) {
    triesLeft -= 1;
    const port = await claimPort(wanted === "free" ? 0 : wanted);
    const settings = { directory, port, serverName, registrations, federation, debug };
    const { registrationSharedSecret } = await writeConfiguration(settings);
    options.onProgress?.("Starting the homeserver...");
    try {
      const record = await launch(python, { url: `http://127.0.0.1:${port}`, serverName }, files);
      return { record, registrationSharedSecret };
    } catch (error) {
      // Another program took the free port before Synapse did.
      const taken = error instanceof RogatoryError && error.code === "port-taken";
      if (!taken || triesLeft === 0) throw error;
    }
  }
}

type Files = ReturnType<typeof homeserverFiles>;

async function launch(
  python: string,
  address: Omit<ProcessRecord, "pid">,
  files: Files,
): Promise<ProcessRecord> {
  const { pid, ended } = await spawnDetached(
    python,
    ["-m", "synapse.app.homeserver", "--config-path", files.configuration],
    { cwd: resolve(files.configuration, ".."), output: files.output },
  );
  const record = { ...address, pid };
  try {
    await writeProcessRecord(files.process, record);
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    await waitUntilReady(record, files, () => hasEnded);
    return record;
  } catch (error) {
    await endProcess(pid, files.configuration);
    await forgetProcess(files.process);
    throw error;
  }
}

async function waitUntilReady(
  record: ProcessRecord,
  files: Files,
  hasEnded: () => boolean = () => false,
): Promise<void> {
  const deadline = performance.now() + READY_MILLISECONDS;
  while (performance.now() < deadline) {
    if (hasEnded()) throw await explainEarlyEnd(record, files);
    if (await isReady(record.url)) return;
    await delay(POLL_MILLISECONDS);
  }
  throw new RogatoryError(
    "homeserver-not-ready",
    `The homeserver did not answer within ${READY_MILLISECONDS / 1000} seconds: read ${files.log} for the reason.`,
  );
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_matrix/client/versions`, {
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function explainEarlyEnd(record: ProcessRecord, files: Files): Promise<RogatoryError> {
  const printed = await readFile(files.output, "utf8").catch(() => "");
  const logged = await readFile(files.log, "utf8").catch(() => "");
  if (/address already in use/i.test(`${printed}\n${logged.slice(-5000)}`)) {
    return new RogatoryError(
      "port-taken",
      `Port ${new URL(record.url).port} on 127.0.0.1 was taken by another program: end that program or choose another port.`,
    );
  }
  const lines = printed.split("\n").map((line) => line.trim());
  const gist = lines.filter((line) => line !== "" && !/^[*=~-]+$/.test(line)).slice(-2);
  return new RogatoryError(
    "homeserver-ended",
    `The homeserver ended while it started (${gist.join(" ") || "it gave no reason"}): read ${files.output} and ${files.log}.`,
  );
}

/** The database is bound to its server name; Synapse would refuse with a traceback. */
async function checkServerName(directory: string, serverName: string): Promise<string> {
  const files = homeserverFiles(directory);
  if (!existsSync(files.database)) return serverName;
  const text = await readFile(files.configuration, "utf8").catch(() => "");
  const kept = /^server_name: "?([^"\n]+)"?$/m.exec(text)?.[1];
  if (kept === undefined || kept === serverName) return serverName;
  throw new RogatoryError(
    "server-name-fixed",
    `The homeserver in ${directory} is called ${kept} and cannot be renamed to ${serverName}: choose another directory.`,
  );
}

/** The homeserver that runs in the directory, if one does. */
export async function findHomeserver(directory: string): Promise<ProcessRecord | undefined> {
  const files = homeserverFiles(directory);
  return readRunningProcess(files.process, files.configuration);
}

/** Ends the homeserver of a directory, if it runs, and keeps its data. */
export async function stopHomeserver(directory: string): Promise<void> {
  const files = homeserverFiles(directory);
  if (!existsSync(directory)) return;
  await withExclusiveLock(files.lock, async () => {
    const running = await readRunningProcess(files.process, files.configuration);
    if (running !== undefined) await endProcess(running.pid, files.configuration);
    await forgetProcess(files.process);
  });
}
