import { execFile } from "node:child_process";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageDirectory } from "../../src/config/paths.ts";

const data = join(import.meta.dirname, "..", ".data");
const folder = join(data, "program");

/** `rogatory` as it is published: built, and in a folder without the sources. */
export const program = join(folder, "bin", "rogatory.js");

/** Where that program keeps what it has compiled. */
export const programEnvironment = { XDG_CACHE_HOME: join(data, "cache") };

/** Builds what is measured. Its dependencies are found in the checkout around it. */
export async function buildProgram(): Promise<void> {
  const root = packageDirectory();
  await promisify(execFile)(process.execPath, [join(root, "tools", "build.ts")]);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of ["bin", "dist", "config", "package.json"]) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
}
