import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, readdirSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { RogatoryError } from "../../domain/errors.ts";
import { claimPort } from "../homeserver/port.ts";

const run = promisify(execFile);
const readyLine = "database system is ready to accept connections";

/** A PostgreSQL server of its own, on loopback and as durable as a real one. */
export interface OwnPostgresql {
  /** Connection URL of its database `postgres`; it holds the password. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The folder with PostgreSQL's programs, or undefined if the server is not installed. */
export function findPostgresql(): string | undefined {
  const packaged = "/usr/lib/postgresql";
  const versions = listOrNothing(packaged).toSorted((a, b) => Number(b) - Number(a));
  const folders = [
    ...versions.map((version) => join(packaged, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find(
    (folder) => exists(join(folder, "initdb")) && exists(join(folder, "postgres")),
  );
}

/**
 * @param kept folder of a server that is to be found as it was the next time; without it everything
 *   is gone after `stop`
 * @throws RogatoryError `postgresql.missing` or `postgresql.ended`
 */
export async function startPostgresql(kept?: string): Promise<OwnPostgresql> {
  const programs = findPostgresql();
  if (programs === undefined) {
    throw new RogatoryError(
      "postgresql.missing",
      "PostgreSQL is not installed on this machine: install the package postgresql, or use PGlite.",
    );
  }
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "rogatory-postgresql-")));
  const data = join(folder, "data");
  // The server refuses to run as root.
  const user = process.getuid?.() === 0 ? await userNamed("postgres") : undefined;
  const password = await prepareCluster(programs, folder, user);
  const port = await claimPort(0);
  const server = spawn(
    join(programs, "postgres"),
    [
      ...["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1"],
      ...["-c", "unix_socket_directories=", "-c", "max_connections=100"],
    ],
    { ...(user ?? {}), cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(server, "exit");
  const lines = createInterface({ input: server.stderr });
  const ready = new Promise<boolean>((resolve) => {
    lines.on("line", (line) => {
      if (line.includes(readyLine)) resolve(true);
    });
    void ended.then(() => resolve(false));
  });
  const stop = async () => {
    // Fast shutdown: open connections are ended.
    if (server.exitCode === null && server.signalCode === null) server.kill("SIGINT");
    await ended;
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  };
  if (await ready) {
    return { url: `postgresql://rogatory:${password}@127.0.0.1:${port}/postgres`, stop };
  }
  await stop();
  throw new RogatoryError(
    "postgresql.ended",
    "PostgreSQL ended while it started: look at the free memory and disk of this machine.",
  );
}

interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Makes the data directory unless it is there; gives the password of the server's only user. */
async function prepareCluster(
  programs: string,
  folder: string,
  user: SystemUser | undefined,
): Promise<string> {
  const passwordFile = join(folder, "password");
  if (exists(join(folder, "data", "PG_VERSION"))) return readFile(passwordFile, "utf8");
  const password = randomBytes(18).toString("hex");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) {
    await chown(folder, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  await run(
    join(programs, "initdb"),
    [
      ...["-D", join(folder, "data"), "-U", "rogatory", "--encoding=UTF8", "--locale=C"],
      ...["--auth=scram-sha-256", `--pwfile=${passwordFile}`],
    ],
    { ...(user ?? {}), cwd: folder },
  );
  return password;
}

async function userNamed(name: string): Promise<SystemUser> {
  const id = async (flag: string) => Number((await run("id", [flag, name])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

function listOrNothing(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function exists(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
