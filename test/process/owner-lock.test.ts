import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireOwnerLock, tryOwnerLock } from "../../src/process/owner-lock.ts";

const module = join(import.meta.dirname, "../../src/process/owner-lock.ts");

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rogatory-lock-"));
  path = join(folder, "data", "owner.lock");
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await rm(folder, { recursive: true });
});

/** Another process that tries once, says what came of it, and stays. */
async function otherProcess(): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    const { tryOwnerLock } = await import(${JSON.stringify(module)});
    globalThis.lock = tryOwnerLock(${JSON.stringify(path)});
    process.stdout.write(globalThis.lock === undefined ? "refused" : "owner");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [said] = await once(child.stdout, "data");
  return { child, said: String(said) };
}

describe("the owner lock", () => {
  it("makes a data directory that only the owner can enter", async () => {
    acquireOwnerLock(path).release();
    expect((await stat(join(folder, "data"))).mode & 0o777).toBe(0o700);
  });

  it("refuses a second owner and names the first", async () => {
    const { child } = await otherProcess();
    expect(() => acquireOwnerLock(path)).toThrow(
      expect.objectContaining({
        code: "owner.held",
        message: expect.stringContaining(`Process ${child.pid} (running since 2`),
      }),
    );
  });

  it("refuses a second owner within the same process", () => {
    const lock = acquireOwnerLock(path);
    expect(tryOwnerLock(path)).toBeUndefined();
    lock.release();
  });

  it("goes to the next process after its release, as often as it is released", () => {
    const first = acquireOwnerLock(path);
    first.release();
    const second = acquireOwnerLock(path);
    first.release();
    expect(tryOwnerLock(path)).toBeUndefined();
    second.release();
  });

  it("is free as soon as its owner was killed", async () => {
    const { child, said } = await otherProcess();
    expect(said).toBe("owner");
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = acquireOwnerLock(path);
    lock.release();
  });

  it("goes to exactly one of several processes that race for it", async () => {
    const racers = await Promise.all(Array.from({ length: 5 }, otherProcess));
    expect(racers.map(({ said }) => said).sort()).toEqual([
      "owner",
      "refused",
      "refused",
      "refused",
      "refused",
    ]);
  });

  it("says what to do when the lock file cannot be used", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    expect(() => acquireOwnerLock(join(file, "owner.lock"))).toThrow(
      expect.objectContaining({ code: "owner.unusable" }),
    );
  });
});
