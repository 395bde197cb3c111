// npm run check: everything that can be checked without running the program.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const require = createRequire(import.meta.url);

interface Step {
  readonly name: string;
  /** Run with this Node, in the project's folder. */
  readonly args: readonly string[];
}

function packageFile(name: string, path: string): string {
  return join(require.resolve(`${name}/package.json`), "..", path);
}

const DOCUMENTS = "tools/generate-docs.ts";

const steps: readonly Step[] = [
  { name: "types", args: [packageFile("typescript", "bin/tsc"), "--noEmit", "-p", "."] },
  {
    name: "lint and format",
    args: [
      packageFile("@biomejs/biome", "bin/biome"),
      "check",
      "--error-on-warnings",
      "--diagnostic-level=warn",
      ".",
    ],
  },
  { name: "lock file", args: ["tools/complete-lock.ts", "--check"] },
  { name: "import directions", args: ["tools/check-imports.ts"] },
  ...(existsSync(join(ROOT, DOCUMENTS))
    ? [{ name: "generated documents", args: [DOCUMENTS, "--check"] }]
    : []),
];

let failures = 0;
for (const { name, args } of steps) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const passed = status === 0;
  process.stdout.write(`${passed ? "ok    " : "FAILED"} ${name}\n`);
  if (!passed) {
    failures += 1;
    process.stdout.write(`${stdout}${stderr}\n`);
  }
}
process.exitCode = failures === 0 ? 0 : 1;
