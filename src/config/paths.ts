import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";

const Manifest = z.object({ name: z.string(), version: z.string() });

/**
 * The folder of the package: the same from `src/` in a checkout and from `dist/src/` where it was
 * built, because it is found by its package.json.
 */
export function packageDirectory(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new RogatoryError(
        "incomplete-installation",
        "The package.json of Rogatory was not found: install it again.",
      );
    }
    folder = parent;
  }
  return folder;
}

/**
 * Where the program's own files lie, those among them that are found by their folder: `src` in a
 * checkout, `dist/src` where it was built, wherever the build has put the code that asks.
 */
export function programDirectory(): string {
  const folder = packageDirectory();
  const [place] = relative(folder, import.meta.dirname).split(sep);
  return place === "dist" ? join(folder, "dist", "src") : join(folder, "src");
}

/** Where laws, templates, holidays and texts are kept as data. */
export function configDirectory(): string {
  return join(packageDirectory(), "config");
}

export function packageVersion(): string {
  const text = readFileSync(join(packageDirectory(), "package.json"), "utf8");
  return Manifest.parse(JSON.parse(text)).version;
}

/**
 * Where things that can be made again are kept: in a checkout its own `.cache`, for an installed
 * package the user's cache folder (a package folder may belong to somebody else).
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const root = packageDirectory();
  if (existsSync(join(root, "src", "config"))) return join(root, ".cache");
  const base = environment.XDG_CACHE_HOME;
  return join(base !== undefined && base !== "" ? base : join(homedir(), ".cache"), "rogatory");
}
