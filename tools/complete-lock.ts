// node tools/complete-lock.ts [--check]
//
// A registry mirror may lack the builds of a package for other platforms. npm then leaves these
// optional dependencies out of package-lock.json when it writes it, and `npm ci` refuses the file
// everywhere. This adds what is missing; run it after every change of the dependencies.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Fields = z.record(z.string(), z.json());
const File = z.record(z.string(), z.json());
const Packages = z.record(z.string(), Fields);
export type Packages = z.infer<typeof Packages>;

const Parent = z.object({
  dev: z.boolean().default(false),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "openbsd", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

/** The entries for platform builds that others name as optional and the lock file does not have. */
export function missingEntries(packages: Packages): Packages {
  const missing: Packages = {};
  for (const entry of Object.values(packages)) {
    const { dev, optionalDependencies } = Parent.parse(entry);
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (packages[path] !== undefined || platform === undefined) continue;
      missing[path] = { version, ...(dev ? { dev } : {}), optional: true, ...platform };
    }
  }
  return missing;
}

/** What npm needs to know to leave a package out on other platforms; told by its name. */
function platformOf(name: string) {
  const words = name.split(/[-/]/);
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.find((word) => PROCESSORS.includes(word));
  if (system === undefined || processor === undefined) return undefined;
  const libc = words.some((word) => word.startsWith("musl"))
    ? "musl"
    : words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return {
    os: [system],
    cpu: [processor],
    ...(libc === undefined || system !== "linux" ? {} : { libc: [libc] }),
  };
}

if (import.meta.main) {
  const path = join(import.meta.dirname, "..", "package-lock.json");
  const file = File.parse(JSON.parse(readFileSync(path, "utf8")));
  const packages = Packages.parse(file.packages);
  const missing = missingEntries(packages);
  const names = Object.keys(missing).join(", ");
  if (names !== "" && process.argv.includes("--check")) {
    process.stderr.write(`package-lock.json lacks ${names}: run node tools/complete-lock.ts\n`);
    process.exitCode = 1;
  } else if (names !== "") {
    const all = Object.entries({ ...packages, ...missing });
    file.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, "en")));
    writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
    process.stdout.write(`Added ${names}\n`);
  }
}
