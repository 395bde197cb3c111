import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { z } from "zod";
import { findPython } from "../dev/homeserver/python.ts";
import { RogatoryError } from "../domain/errors.ts";

/** One thing that the program needs; `run` gives a short finding or throws a sentence. */
export interface Check {
  readonly subject: string;
  /** Without it the bots cannot run. */
  readonly needed: boolean;
  readonly run: () => Promise<string>;
}

const NODE_MAJOR = 26;
const STUB = "noop-package";

/** What matrix-bot-sdk asks for and must not get: unmaintained, or a binary from elsewhere. */
const REPLACED_PACKAGES = [
  "request",
  "request-promise",
  "@matrix-org/matrix-sdk-crypto-nodejs",
] as const;

const Manifest = z.object({ name: z.string(), version: z.string() });

export function checks(dataDirectory: string): readonly Check[] {
  return [
    { subject: "Node", needed: true, run: async () => checkNode() },
    { subject: "Encryption (matrix-js-sdk)", needed: true, run: checkEncryption },
    { subject: "Provisioning (matrix-bot-sdk)", needed: true, run: checkProvisioning },
    { subject: "Database (PGlite)", needed: true, run: checkDatabase },
    { subject: "Data directory", needed: true, run: () => checkDirectory(dataDirectory) },
    { subject: "Python for the development homeserver", needed: false, run: checkPython },
  ];
}

function checkNode(): string {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= NODE_MAJOR) return node;
  throw new RogatoryError(
    "node-too-old",
    `Node ${NODE_MAJOR} or later is needed and this is ${node}: start the program through npx rogatory or npm.`,
  );
}

async function checkEncryption(): Promise<string> {
  return orReinstall("matrix-js-sdk", async () => {
    await import("matrix-js-sdk");
    const { initAsync, OlmMachine, UserId, DeviceId } = await import(
      "@matrix-org/matrix-sdk-crypto-wasm"
    );
    await initAsync();
    const machine = await OlmMachine.initialize(
      new UserId("@doctor:rogatory.localhost"),
      new DeviceId("DOCTOR"),
    );
    machine.close();
    return "loads and makes a device's keys";
  });
}

async function checkProvisioning(): Promise<string> {
  return orReinstall("matrix-bot-sdk", async () => {
    await import("matrix-bot-sdk");
    const fromHere = createRequire(import.meta.url);
    const fromSdk = createRequire(fromHere.resolve("matrix-bot-sdk"));
    for (const name of REPLACED_PACKAGES) {
      const manifest = Manifest.parse(fromSdk(join(packageFolder(fromSdk, name), "package.json")));
      if (manifest.name === STUB) continue;
      throw new RogatoryError(
        "unwanted-package",
        `matrix-bot-sdk got the real ${name} ${manifest.version} instead of the empty stand-in: install Rogatory again from its own package.`,
      );
    }
    return "loads, without request and native encryption";
  });
}

function packageFolder(from: NodeJS.Require, name: string): string {
  const folder = (from.resolve.paths(name) ?? [])
    .map((modules) => join(modules, name))
    .find((path) => isFile(from, join(path, "package.json")));
  return folder ?? dirname(from.resolve(name));
}

function isFile(from: NodeJS.Require, path: string): boolean {
  try {
    from.resolve(path);
    return true;
  } catch {
    return false;
  }
}

async function checkDatabase(): Promise<string> {
  return orReinstall("PGlite", async () => {
    const { PGlite } = await import("@electric-sql/pglite");
    const database = await PGlite.create();
    try {
      await database.query("SELECT 1");
    } finally {
      await database.close();
    }
    return "starts and answers";
  });
}

async function checkDirectory(path: string): Promise<string> {
  const probe = join(path, `.doctor-${process.pid}`);
  let made: string | undefined;
  try {
    made = await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(probe, "");
    await rm(probe);
    return `${path} is writable`;
  } catch (cause) {
    throw new RogatoryError(
      "data-not-writable",
      `${path} cannot be written to: change its permissions, free some space, or name another with --data.`,
      { cause },
    );
  } finally {
    // Looking must not leave an empty data directory behind.
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}

async function checkPython(): Promise<string> {
  return (await findPython()).version;
}

async function orReinstall(name: string, work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RogatoryError) throw error;
    const sentence = `${name} does not load: install Rogatory again.`;
    throw new RogatoryError("package-broken", sentence, { cause: error });
  }
}
