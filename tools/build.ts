// npm run build: makes dist/, which the published package runs from (docs/adr/bundled-program.md).
//
// Build before `npm pack` or `npm publish`: .npmrc turns install and pack scripts off, so that npm
// does not do it by itself.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { z } from "zod";
import { thirdPartyLicences } from "./third-party-licences.ts";

const ROOT = join(import.meta.dirname, "..");
const STAND_INS = ["request", "request-promise", "@matrix-org/matrix-sdk-crypto-nodejs"];
const STAND_IN = { name: "noop-package", version: "1.0.0" };
const Manifest = z.looseObject({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/** What is found by its path at run time, and the program itself. */
const ENTRIES = ["src/cli/main.ts", "src/config/paths.ts"];
/** Each file in a folder of these is a command or a timer of its own. */
const REGISTRIES = ["src/commands", "src/timers"];

/**
 * npm ignores the overrides of a dependency, so the package carries matrix-bot-sdk with it; what is
 * in node_modules now is what people get.
 */
function checkBundle(): string[] {
  return STAND_INS.filter((name) => {
    return readManifest(name).name !== STAND_IN.name;
  });
}

function manifestPath(name: string): string {
  return join(ROOT, "node_modules", name, "package.json");
}

function readManifest(name: string) {
  return Manifest.parse(JSON.parse(readFileSync(manifestPath(name), "utf8")));
}

/**
 * Writes the stand-ins into the carried matrix-bot-sdk's own dependencies as well: otherwise npm
 * takes the installed tree for invalid and may bring the real packages back when it mends it.
 */
function declareStandIns(): void {
  const manifest = readManifest("matrix-bot-sdk");
  for (const name of STAND_INS) {
    manifest.dependencies[name] = `npm:${STAND_IN.name}@${STAND_IN.version}`;
  }
  writeFileSync(manifestPath("matrix-bot-sdk"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function entries(): Record<string, string> {
  const registered = REGISTRIES.flatMap((registry) =>
    readdirSync(join(ROOT, registry), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((noun) =>
        readdirSync(join(ROOT, registry, noun.name)).map(
          (file) => `${registry}/${noun.name}/${file}`,
        ),
      ),
  );
  return Object.fromEntries(
    [...ENTRIES, ...registered].map((path) => [path.replace(/\.ts$/, ""), join(ROOT, path)]),
  );
}

/** Packages that stay packages: they load files of their own, or are carried as they are. */
const EXTERNAL = [
  /^@electric-sql\/pglite/,
  /^@matrix-org\/matrix-sdk-crypto-wasm/,
  /^matrix-bot-sdk/,
  // Optional, and never installed.
  "pg-native",
];

async function bundle(): Promise<void> {
  const build = await rolldown({
    cwd: ROOT,
    input: entries(),
    platform: "node",
    external: EXTERNAL,
  });
  const { output } = await build.write({
    dir: join(ROOT, "dist"),
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
  });
  await build.close();
  const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
  writeFileSync(join(ROOT, "dist", "THIRD-PARTY-LICENCES.txt"), thirdPartyLicences(modules));
}

const real = checkBundle();
if (real.length > 0) {
  process.stderr.write(
    `The real ${real.join(", ")} would be published: run npm ci so that the overrides in package.json take effect.\n`,
  );
  process.exitCode = 1;
} else {
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  mkdirSync(join(ROOT, "dist"));
  await bundle();
  declareStandIns();
  process.stdout.write("Built dist/. Next: npm pack\n");
}
