import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SupervisedEnd, supervise } from "../../src/process/supervisor.ts";

const module = join(import.meta.dirname, "../../src/process/supervisor.ts");
const fatal = join(import.meta.dirname, "../../src/process/fatal.ts");

let folder: string;
let count: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rogatory-supervisor-"));
  count = join(folder, "count");
  await writeFile(count, "");
});

afterEach(() => rm(folder, { recursive: true }));

/** A program that ends in the n-th way the n-th time it runs, and stays after the last. */
function program(...ways: readonly string[]): readonly string[] {
  const script = `
    const { appendFileSync, readFileSync } = require("node:fs");
    appendFileSync(${JSON.stringify(count)}, "x");
    appendFileSync(${JSON.stringify(`${count}-ends`)}, (process.env.ROGATORY_LAST_END ?? "none") + ";");
    const way = ${JSON.stringify(ways)}[readFileSync(${JSON.stringify(count)}, "utf8").length - 1];
    process.on("SIGTERM", () => process.exit(0));
    process.on("disconnect", () => process.exit(75));
    if (way === "ready 76") process.send("ready", () => process.exit(76));
    else if (way === "SIGKILL") process.kill(process.pid, way);
    else if (way === undefined) process.send("up");
    else process.exit(Number(way));
    setInterval(() => {}, 1000);`;
  return ["--input-type=commonjs", "--eval", script];
}

const pauses = { firstMs: 10, longestMs: 40, wellAfterMs: 60_000, graceMs: 10_000 };

async function run(args: readonly string[], options: Partial<typeof pauses> = {}) {
  const stopping = new AbortController();
  const ends: SupervisedEnd[] = [];
  const code = await supervise({
    file: process.execPath,
    args,
    signal: stopping.signal,
    pauses: { ...pauses, ...options },
    onEnd: (end) => ends.push(end),
  });
  return { code, ends, runs: (await readFile(count, "utf8")).length };
}

describe("the supervisor", () => {
  it("starts the process again after a restart code and after a signal, with growing pauses", async () => {
    const { code, ends, runs } = await run(program("70", "SIGKILL", "73", "134", "1"));
    expect(ends.map((end) => end.code ?? end.signal)).toEqual([70, "SIGKILL", 73, 134, 1]);
    expect(ends.map(({ pauseMs }) => pauseMs)).toEqual([10, 20, 40, 40, undefined]);
    expect(runs).toBe(5);
    // Each is told how the one before it ended.
    expect(await readFile(`${count}-ends`, "utf8")).toBe(
      "none;exit code 70;SIGKILL;exit code 73;exit code 134;",
    );
    expect(code).toBe(1);
  });

  it("ends for good when only an operator can mend it, or when the process was asked to stop", async () => {
    expect(await run(program("1"))).toMatchObject({ code: 1, runs: 1 });
    await writeFile(count, "");
    expect(await run(program("0"))).toMatchObject({ code: 0, runs: 1 });
  });

  it("takes the pause back to the first after a process that was well", async () => {
    const { ends } = await run(program("70", "70", "70", "1"), { wellAfterMs: 0 });
    expect(ends.map(({ pauseMs }) => pauseMs)).toEqual([10, 10, 10, undefined]);
  });

  it("waits for an unreachable homeserver only if the bots have been ready before", async () => {
    expect(await run(program("76"))).toMatchObject({ code: 1, runs: 1 });
    await writeFile(count, "");
    expect(await run(program("ready 76", "76", "1"))).toMatchObject({ code: 1, runs: 3 });
  });

  it("stops the process when it is asked to stop, and does not start it again", async () => {
    const stopping = new AbortController();
    const ends: SupervisedEnd[] = [];
    const started = Promise.withResolvers<number | undefined>();
    const running = supervise({
      file: process.execPath,
      args: program(),
      signal: stopping.signal,
      pauses,
      onStart: started.resolve,
      onEnd: (end) => ends.push(end),
    });
    await started.promise;
    while ((await readFile(count, "utf8")) === "") await new Promise(setImmediate);
    stopping.abort();
    expect(await running).toBe(0);
    expect(ends).toMatchObject([{ pauseMs: undefined }]);
  });

  it("ends a process that does not stop in time", async () => {
    const stopping = new AbortController();
    const args = [
      "--input-type=commonjs",
      "--eval",
      `process.on("SIGTERM", () => {}); require("node:fs").writeFileSync(${JSON.stringify(count)}, "x"); setInterval(() => {}, 1000);`,
    ];
    const ends: SupervisedEnd[] = [];
    const running = supervise({
      file: process.execPath,
      args,
      signal: stopping.signal,
      pauses: { ...pauses, graceMs: 50 },
      onEnd: (end) => ends.push(end),
    });
    while ((await readFile(count, "utf8")) === "") await new Promise(setImmediate);
    stopping.abort();
    await running;
    expect(ends).toMatchObject([{ signal: "SIGKILL" }]);
  });

  it("leaves no process behind when it is killed itself", async () => {
    const child = `
      const { endWithSupervisor } = await import(${JSON.stringify(fatal)});
      endWithSupervisor();
      console.log(process.pid);
      setInterval(() => {}, 1000);`;
    const script = `
      const { supervise } = await import(${JSON.stringify(module)});
      await supervise({
        file: process.execPath,
        args: ["--input-type=module", "--eval", ${JSON.stringify(child)}],
        signal: new AbortController().signal,
      });`;
    const supervisor = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: supervisor.stdout });
    const [pid] = await once(lines, "line");
    expect(() => process.kill(Number(pid), 0)).not.toThrow();
    supervisor.kill("SIGKILL");
    // The child holds the pipe open: it closes only when the child has ended.
    await once(lines, "close");
  });
});
