import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

/**
 * What licences ask of whoever passes on a package inside another program: name, version and the
 * package's own texts.
 *
 * @param modules absolute paths of the files that were taken in
 * @throws Error if a package states no licence: it must not be passed on
 */
export function thirdPartyLicences(modules: readonly string[]): string {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined));
  const sections = [...folders].map((folder) => {
    const manifest = Manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
    const texts = readdirSync(folder)
      .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name))
      .sort()
      .map((name) => readFileSync(join(folder, name), "utf8").trim());
    const { name, version, license } = manifest;
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return `${["Rogatory contains parts of these packages.", ...sections.sort()].join(rule)}\n`;
}

/** The innermost package that a file belongs to; undefined for Rogatory's own. */
function packageFolder(module: string): string | undefined {
  if (!module.includes("/node_modules/")) return undefined;
  let folder = dirname(module);
  while (!hasName(folder)) folder = dirname(folder);
  return folder;
}

/** Packages have further package.json files inside, without a name, that say `type` only. */
function hasName(folder: string): boolean {
  const path = join(folder, "package.json");
  return existsSync(path) && Manifest.safeParse(JSON.parse(readFileSync(path, "utf8"))).success;
}
