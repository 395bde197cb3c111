import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { packageDirectory } from "../../src/config/paths.ts";
import { openDatabase } from "../../src/db/database.ts";
import { TimerWorker } from "../../src/delivery/timer-worker.ts";
import { serveControl } from "../../src/process/control-socket.ts";
import { createOperations } from "../../src/process/operations.ts";
import { tryOwnerLock } from "../../src/process/owner-lock.ts";
import { withOperations } from "../../src/process/with-operations.ts";
import { loadTimers } from "../../src/timers/registry.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "../support/database.ts";

const masterKey = randomBytes(32);
const source = join(import.meta.dirname, "../../src");

let folder: string;
let config: Config;
let yaml: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rogatory-operations-"));
  const path = join(folder, "rogatory.yaml");
  await writeFile(
    path,
    `homeserver:
  url: http://localhost:8008
  serverName: example.org
  registrationFile: registration.yaml
clock:
  startAt: 2026-12-01T08:00:00Z
`,
  );
  config = loadConfig(path, { ROGATORY_MASTER_KEY: masterKey.toString("hex") });
  yaml = await readFile(join(packageDirectory(), "config/case.jit.example.yaml"), "utf8");
});

afterAll(() => rm(folder, { recursive: true }));

async function inMemory() {
  const db = await openDatabase(await testLocation());
  const woken: string[] = [];
  const operations = await createOperations({
    config,
    db,
    vault: new Vault(masterKey),
    now: () => Temporal.Instant.from("2026-12-01T08:00:00Z"),
    onSteps: () => woken.push("woken"),
  });
  const call = (name: string, params: unknown) => {
    const operation = operations[name];
    if (operation === undefined) throw new Error(name);
    return operation(params);
  };
  return { db, call, woken };
}

const newCase = () => ({ yaml, fileName: "case.yaml", cause: "test" });

describe("the operations", () => {
  it("create a case and wake the senders", async () => {
    const { db, call, woken } = await inMemory();
    const created = await call("case.new", newCase());
    expect(created).toMatchObject({ created: true, code: expect.stringMatching(/^JIT-/) });
    expect(woken).toEqual(["woken"]);
    expect(await call("case.new", newCase())).toMatchObject({ created: false });
    await db.destroy();
  });

  it("create nothing from a file with a mistake", async () => {
    const { db, call } = await inMemory();
    const broken = { ...newCase(), yaml: yaml.replace("role: leader", "role: chief") };
    await expect(call("case.new", broken)).rejects.toMatchObject({
      code: "case.file",
      message: expect.stringMatching(/^case\.yaml, line \d+: roster\[0\]\.role is wrong/),
    });
    expect(await call("case.list", {})).toEqual([]);
    await db.destroy();
  });

  it("show a case by its real name, and log who looked and when, with the reason sealed", async () => {
    const { db, call } = await inMemory();
    await call("case.new", newCase());
    const shown = await call("case.show", { case: "nightjar", reason: "inspection 7" });
    expect(shown).toMatchObject({ name: "NIGHTJAR", steps: { dead: 0 } });
    const journal = await db.selectFrom("journal").selectAll().orderBy("sequence").execute();
    expect(journal.map(({ act, actor }) => [act, actor])).toEqual([
      ["case.create", "operator"],
      ["case.show", "operator"],
    ]);
    expect(JSON.stringify(journal)).not.toContain("inspection");
    await db.destroy();
  });

  it("run a chat command as it is typed, with or without the exclamation mark", async () => {
    const { db, call } = await inMemory();
    await call("case.new", newCase());
    const run = (line: string) => call("command.run", { case: "NIGHTJAR", line, reason: "test" });
    expect(await run("!meeting schedule 15 December 2026 at 09:30 for 2h: EIO wave")).toMatchObject(
      {
        attachments: [],
        text: expect.stringContaining("scheduled"),
      },
    );
    expect(await run("meeting list")).toMatchObject({ text: expect.stringContaining("EIO wave") });
    const acts = await db.selectFrom("journal").select("act").orderBy("sequence").execute();
    expect(acts.map(({ act }) => act).filter((act) => act === "command.run")).toHaveLength(2);
    await db.destroy();
  });

  it("make no case operational whose agreement begins later", async () => {
    const { db, call } = await inMemory();
    const early = { ...newCase(), yaml: `${yaml}\nstate: operational\n` };
    await expect(call("case.new", early)).rejects.toMatchObject({
      code: "case.agreement-early",
      message: expect.stringContaining("from 11 January 2027 on"),
    });
    expect(await call("case.list", {})).toEqual([]);
    await db.destroy();
  });

  it("enter an extension that was agreed before the end of the agreement, and log both dates", async () => {
    const db = await openDatabase(await testLocation());
    const vault = new Vault(masterKey);
    let now = "2026-12-01T08:00:00Z";
    const clock = () => Temporal.Instant.from(now);
    const operations = await createOperations({ config, db, vault, now: clock });
    const call = async (name: string, params: object) =>
      operations[name]?.({ case: "NIGHTJAR", reason: "letter of 8 January", ...params });
    await operations["case.new"]?.({ ...newCase(), yaml: `${yaml}\nstate: signed\n` });
    const worker = new TimerWorker({
      ...{ db, vault, now: clock, accounts: config.bots, timers: await loadTimers() },
      onSteps: () => {},
      onFailure: (_, error) => expect(error).toBeUndefined(),
    });
    now = "2029-01-12T08:00:00Z";
    await worker.fireUntil(clock());
    expect(await call("case.show", {})).toMatchObject({ state: "post-operational" });
    const until = "2029-06-30";
    await expect(call("command.run", { line: `case agreement extend ${until}` })).rejects.toThrow(
      "--agreed-on",
    );
    const last = /to: "?(\d{4}-\d{2}-\d{2})/.exec(yaml)?.[1] ?? "";
    const late = Temporal.PlainDate.from(last).add({ days: 1 }).toString();
    await expect(call("case.extend", { until, agreedOn: late })).rejects.toMatchObject({
      code: "case.agreement-over",
    });
    expect(await call("case.extend", { until, agreedOn: last })).toMatchObject({
      state: "signed",
    });
    const { code } = z.object({ code: z.string() }).parse(await call("case.show", {}));
    const exported = await call("log.export", { case: code });
    const { text } = z.object({ text: z.string() }).parse(exported);
    expect(text).toMatch(
      new RegExp(
        `"recordedAt":"2029-01-12T08:00:00Z","agreedOn":"${last}","justification":"letter`,
      ),
    );
    await db.destroy();
  });

  it("say what is wrong with a command in a sentence", async () => {
    const { db, call } = await inMemory();
    await call("case.new", newCase());
    await expect(
      call("command.run", { case: "NIGHTJAR", line: "meting list", reason: "test" }),
    ).rejects.toMatchObject({
      code: "command.unknown",
      message: expect.stringContaining("Did you mean !meeting list"),
    });
    await expect(
      call("command.run", { case: "NIGHTJAR", line: "meeting show M-999", reason: "test" }),
    ).rejects.toMatchObject({ name: "RogatoryError" });
    await db.destroy();
  });

  it("undo everything that a refused command had begun", async () => {
    const { db, call } = await inMemory();
    await call("case.new", newCase());
    const before = await db.selectFrom("journal").selectAll().execute();
    await expect(
      call("command.run", { case: "NIGHTJAR", line: "meeting schedule", reason: "test" }),
    ).rejects.toMatchObject({ code: "command.usage" });
    expect(await db.selectFrom("journal").selectAll().execute()).toEqual(before);
    await db.destroy();
  });

  it.each([
    ["case.show", { case: "NIGHTJAR" }],
    ["case.show", { case: "NIGHTJAR", reason: "  " }],
    ["command.run", { case: "NIGHTJAR", line: "meeting list" }],
    ["case.new", { yaml: "", fileName: "x", cause: "not a cause" }],
    ["case.list", null],
  ])("refuse %s without what it needs", async (name, params) => {
    const { db, call } = await inMemory();
    await expect(call(name, params)).rejects.toMatchObject({ code: "operation.malformed" });
    await db.destroy();
  });

  it("say that there is no such case", async () => {
    const { db, call } = await inMemory();
    await expect(call("case.show", { case: "x", reason: "y" })).rejects.toMatchObject({
      code: "case.unknown",
    });
    await db.destroy();
  });
});

describe("asking for operations", () => {
  it("opens the database itself when no process runs, and leaves it free", async () => {
    const created = await withOperations(config, (ask) => ask["case.new"](newCase()));
    expect(created.created).toBe(true);
    const cases = await withOperations(config, (ask) => ask["case.list"]({}));
    expect(cases).toMatchObject([
      { code: created.code, createdAt: expect.stringMatching(/^2026-12-01/) },
    ]);
    const lock = tryOwnerLock(config.paths.lock);
    expect(lock).toBeDefined();
    lock?.release();
  });

  it("asks the process that owns the database, as soon as that answers", async () => {
    const script = `
      const { acquireOwnerLock } = await import(${JSON.stringify(join(source, "process/owner-lock.ts"))});
      const { serveControl } = await import(${JSON.stringify(join(source, "process/control-socket.ts"))});
      globalThis.lock = acquireOwnerLock(${JSON.stringify(config.paths.lock)});
      process.stdout.write("owner");
      process.stdin.once("data", () => serveControl(${JSON.stringify(config.paths.socket)}, {
        "case.list": async () => [{ code: "FAR-0001", template: "jit", state: "signed", createdAt: "x", people: 1, rooms: { made: 1, planned: 1 } }],
      }));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const asked = withOperations(config, (ask) => ask["case.list"]({}));
    child.stdin.write("now");
    expect(await asked).toMatchObject([{ code: "FAR-0001" }]);
    child.kill("SIGKILL");
    await once(child, "exit");
    // The killed process has left its socket; nobody is asked there, and the database is ours.
    const cases = await withOperations(config, (ask) => ask["case.list"]({}));
    expect(cases).toHaveLength(1);
  });

  it("explains an answer of another version", async () => {
    const lock = tryOwnerLock(config.paths.lock);
    const server = await serveControl(config.paths.socket, { "case.list": async () => "?" });
    await expect(withOperations(config, (ask) => ask["case.list"]({}))).rejects.toMatchObject({
      code: "operation.malformed",
    });
    await server.close();
    lock?.release();
  });
});
