import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { z } from "zod";
import { loadConfig } from "../../config/config.ts";
import { packageDirectory } from "../../config/paths.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { createRegistration, writeRegistration } from "../../matrix/provisioning/registration.ts";
import { withOperations } from "../../process/with-operations.ts";
import { ensureMasterKeyFile } from "../../vault/master-key.ts";
import { makeDirectory, writePrivateFile } from "../homeserver/disk.ts";
import type { Federation } from "../homeserver/federation.ts";
import { type Homeserver, startHomeserver, stopHomeserver } from "../homeserver/homeserver.ts";
import { type BotsFiles, type BotsProcess, endLeftBots, startBotsProcess } from "./bots-process.ts";

const run = promisify(execFile);

const SETTLED_MILLISECONDS = 300_000;
const POLL_MILLISECONDS = 500;

export interface DeploymentOptions {
  /** Everything is inside it; what is there already is used. */
  readonly directory: string;
  readonly serverName: string;
  readonly port?: number | "free";
  /** Left out: its homeserver speaks with no other one. */
  readonly federation?: Federation;
  /** What the bots take for the present when they start. */
  readonly clock?: Temporal.Instant | undefined;
  readonly operators?: readonly string[];
  /** Connection URL of PostgreSQL; without it the embedded database is used. */
  readonly databaseUrl?: string | undefined;
  /** Homeserver and bots write their logs at the level DEBUG; default false. */
  readonly debug?: boolean;
  readonly onProgress?: (text: string) => void;
  /** Once aborted, nothing more is started, and bots that are only just starting are ended. */
  readonly signal?: AbortSignal;
}

export function deploymentFiles(directory: string) {
  const inside = (name: string) => join(directory, name);
  return {
    homeserver: inside("homeserver"),
    registration: inside("registration.yaml"),
    configuration: inside("rogatory.yaml"),
    masterKey: inside("master.key"),
    databaseUrl: inside("database.url"),
    data: inside("data"),
    output: inside("bots.log"),
    record: inside("bots.json"),
    log: inside("data/logs/rogatory.log"),
  };
}

/** A homeserver with the bots on it, in one directory: what an operator sets up by hand. */
export interface Deployment {
  readonly homeserver: Homeserver;
  readonly files: ReturnType<typeof deploymentFiles>;
  /** Starts the bots and waits until they are ready; with `once`, nothing starts them again. */
  startBots(options?: { readonly once?: boolean }): Promise<BotsProcess>;
  /** Runs `rogatory` with the deployment's configuration and returns what it printed. */
  rogatory(...args: readonly string[]): Promise<string>;
  /** Creates a case from a case file, and returns its neutral code. */
  createCase(file: string): Promise<string>;
  /** Waits until the bots have made all rooms of a case and invited everybody. */
  settled(code: string): Promise<void>;
  /** Ends the homeserver; the bots are ended by whoever started them. */
  stop(): Promise<void>;
}

/** Writes what is missing (registration, master key, rogatory.yaml) and starts the homeserver. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { directory, serverName, port = "free", federation, debug = false } = options;
  const { onProgress, signal } = options;
  const files = deploymentFiles(directory);
  await makeDirectory(directory);
  if (!existsSync(files.registration)) {
    await writeRegistration(files.registration, createRegistration({ serverName }));
  }
  ensureMasterKeyFile(files.masterKey);
  signal?.throwIfAborted();
  const homeserver = await startHomeserver({
    ...{ directory: files.homeserver, port, serverName, registrations: [files.registration] },
    debug,
    ...(federation === undefined ? {} : { federation }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  if (options.databaseUrl !== undefined) {
    await writePrivateFile(files.databaseUrl, options.databaseUrl);
  }
  await writePrivateFile(files.configuration, configuration(options, homeserver));
  const botsFiles: BotsFiles = files;
  await endLeftBots(botsFiles);

  const rogatory = (...args: readonly string[]) => runProgram(files.configuration, args);
  return {
    homeserver,
    files,
    rogatory,
    startBots: (once) =>
      startBotsProcess(botsFiles, { url: homeserver.url, serverName }, { ...once, signal }),
    async createCase(file) {
      // Its people may register only afterwards.
      const args = ["--from", file, "--allow-unknown-accounts", "--json"];
      const text = await rogatory("case", "new", ...args);
      return z.object({ code: z.string().min(1) }).parse(JSON.parse(text)).code;
    },
    settled: (code) => settled(files.configuration, code),
    stop: () => homeserver.stop(),
  };
}

/** Ends what runs in a directory in which a run was interrupted. */
export async function endLeftDeployment(directory: string): Promise<void> {
  const files = deploymentFiles(directory);
  await endLeftBots(files);
  await stopHomeserver(files.homeserver);
}

function configuration(options: DeploymentOptions, homeserver: Homeserver): string {
  return stringify({
    homeserver: {
      url: homeserver.url,
      serverName: homeserver.serverName,
      registrationFile: "registration.yaml",
    },
    dataDirectory: "data",
    ...(options.databaseUrl === undefined
      ? {}
      : { database: { kind: "postgresql", urlFile: "database.url" } }),
    vault: { masterKeyFile: "master.key" },
    operators: options.operators ?? [],
    ...(options.debug === true ? { log: { level: "debug" } } : {}),
    ...(options.clock === undefined ? {} : { clock: { startAt: options.clock.toString() } }),
  });
}

async function settled(configurationFile: string, code: string): Promise<void> {
  const config = loadConfig(configurationFile);
  const question = { case: code, reason: "waiting until the rooms are ready" };
  for (const deadline = performance.now() + SETTLED_MILLISECONDS; performance.now() < deadline; ) {
    const shown = await withOperations(config, (ask) => ask["case.show"](question));
    if (shown.steps.dead > 0) break;
    if (shown.steps.pending === 0) return;
    await delay(POLL_MILLISECONDS);
  }
  throw new RogatoryError(
    "demo.rooms-not-ready",
    "The bots did not finish the rooms of the case: read their log.",
  );
}

async function runProgram(configurationFile: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(
      process.execPath,
      [
        ...["--disable-warning=ExperimentalWarning"],
        ...[join(packageDirectory(), "bin", "rogatory.js"), ...args],
        ...["--config", configurationFile],
      ],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    return stdout;
  } catch (error) {
    const printed = z.object({ stderr: z.string() }).safeParse(error).data?.stderr.trim() ?? "";
    throw new RogatoryError(
      "demo.rogatory-failed",
      `rogatory ${args.slice(0, 2).join(" ")} failed: ${printed === "" ? "it gave no reason" : printed}`,
      { cause: error },
    );
  }
}
