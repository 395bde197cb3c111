// npm run build: makes dist/, which the published package runs from.
//
// Build before `npm pack` or `npm publish`: .npmrc turns install and pack scripts off, so that npm
// does not do it by itself.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "..");
const STAND_INS = ["request", "request-promise", "@matrix-org/matrix-sdk-crypto-nodejs"];
const STAND_IN = { name: "noop-package", version: "1.0.0" };
const Manifest = z.looseObject({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

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

function compile(): boolean {
  const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
  const compiler = join(manifest, "..", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  return status === 0;
}

/** What the sources read at run time beside themselves, such as SQL. */
function copyData(): void {
  cpSync(join(ROOT, "src"), join(ROOT, "dist", "src"), {
    recursive: true,
    filter: (source) => extname(source) !== ".ts",
  });
}

const real = checkBundle();
if (real.length > 0) {
  process.stderr.write(
    `The real ${real.join(", ")} would be published: run npm ci so that the overrides in package.json take effect.\n`,
  );
  process.exitCode = 1;
} else {
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  if (compile()) {
    copyData();
    declareStandIns();
    process.stdout.write("Built dist/. Next: npm pack\n");
  } else {
    process.exitCode = 1;
  }
}
