import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestHomeserver } from "../support/homeserver.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const MINUTE = 60_000;

let place: string;

/** Without npm's variables of the surrounding `npm test`, as on another machine. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|execpath|command)/.test(name),
  ),
);
const inPlace = (program: string, ...args: readonly string[]) =>
  run(program, args, { cwd: place, env: environment, maxBuffer: 16 * 1024 * 1024 });

/** Every copy of a package in the tree, as `name@version` of what it really is. */
async function copies(name: string): Promise<string[]> {
  const { stdout } = await inPlace("find", ".", "-path", `*/node_modules/${name}/package.json`);
  const paths = stdout.split("\n").filter(Boolean);
  const manifests = paths.map(async (path) =>
    JSON.parse(await readFile(join(place, path), "utf8")),
  );
  return (await Promise.all(manifests)).map((manifest) => `${manifest.name}@${manifest.version}`);
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "rogatory-package-"));
  await run(process.execPath, ["tools/build.ts"], { cwd: ROOT });
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", place], {
    cwd: ROOT,
    env: environment,
    maxBuffer: 64 * 1024 * 1024,
  });
  const filename = /"filename":\s*"([^"]+)"/.exec(stdout)?.[1] ?? "";
  await writeFile(join(place, "package.json"), '{ "name": "somebody", "private": true }');
  await inPlace("npm", "install", "--ignore-scripts", "--loglevel=error", join(place, filename));
}, 6 * MINUTE);

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

describe("the package, installed by somebody else", () => {
  it(
    "says its version",
    async () => {
      const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
      const { stdout } = await inPlace("npx", "--no-install", "rogatory", "--version");
      expect(stdout.trim()).toBe(version);
    },
    MINUTE,
  );

  it(
    "starts Node 26 by itself when an older Node runs it",
    async () => {
      const program = join(place, "node_modules/rogatory/bin/node-runtime.js");
      const script = `const { findNode } = await import(${JSON.stringify(program)}); console.log(JSON.stringify(findNode(${JSON.stringify(join(place, "node_modules/rogatory"))})));`;
      const { stdout } = await inPlace(process.execPath, "--input-type=module", "-e", script);
      const { path } = JSON.parse(stdout);
      expect(path.startsWith(place)).toBe(true);
      expect((await run(path, ["--version"])).stdout).toMatch(/^v26\./);
    },
    MINUTE,
  );

  it(
    "has everything that the doctor looks for",
    async () => {
      const { stdout } = await inPlace("npx", "--no-install", "rogatory", "doctor");
      expect(stdout).toContain("Everything needed to run is there.");
      expect(stdout).toMatch(/^ok +Provisioning/m);
    },
    MINUTE,
  );

  it("finds its data beside its program", async () => {
    const script =
      'const { configDirectory } = await import("./node_modules/rogatory/dist/src/config/paths.js"); console.log(configDirectory());';
    const { stdout } = await inPlace(process.execPath, "--input-type=module", "-e", script);
    expect(stdout.trim()).toBe(join(place, "node_modules/rogatory/config"));
  });

  it("knows the chat commands", async () => {
    const { stdout } = await inPlace("npx", "--no-install", "rogatory", "meeting", "--help");
    expect(stdout).toContain("schedule");
  });

  it("names the licences of what was taken into it", async () => {
    const file = "node_modules/rogatory/dist/THIRD-PARTY-LICENCES.txt";
    const text = await readFile(join(place, file), "utf8");
    expect(text).toMatch(/^matrix-js-sdk \d+\.\d+\.\d+ \(Apache-2\.0\)\n\n.+/m);
  });

  it("runs the bots on a real homeserver", { timeout: 3 * MINUTE }, async () => {
    const homeserver = await startTestHomeserver();
    const config = `homeserver:
  url: ${homeserver.url}
  serverName: ${homeserver.serverName}
  registrationFile: ${join(homeserver.directory, "registration.yaml")}
`;
    await writeFile(join(place, "rogatory.yaml"), config);
    const program = join(place, "node_modules/.bin/rogatory");
    const child = spawn(program, ["start"], {
      ...{ cwd: place, stdio: ["ignore", "pipe", "inherit"] },
      env: { ...environment, ROGATORY_MASTER_KEY: "5".repeat(64) },
    });
    try {
      const [line] = await once(createInterface({ input: child.stdout }), "line");
      expect(line).toBe("Rogatory is ready.");
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([0, null]);
    } finally {
      child.kill("SIGKILL");
      await homeserver.stop();
    }
  });

  it("loads matrix-bot-sdk without the packages that were replaced", async () => {
    const script =
      'import { createRequire } from "node:module"; const sdk = createRequire(import.meta.resolve("rogatory/package.json"))("matrix-bot-sdk"); console.log(typeof sdk.MatrixClient);';
    const { stdout } = await inPlace(process.execPath, "--input-type=module", "-e", script);
    expect(stdout.trim()).toBe("function");
    for (const name of ["request", "request-promise", "@matrix-org/matrix-sdk-crypto-nodejs"]) {
      expect(await copies(name), name).toEqual(["noop-package@1.0.0"]);
    }
    expect(await copies("noop-package")).toEqual([]);
  });

  it(
    "is what npm itself takes for a valid tree",
    async () => {
      await expect(inPlace("npm", "ls", "--all")).resolves.toBeDefined();
    },
    MINUTE,
  );
});
