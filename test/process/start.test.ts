import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { databaseLocation, loadConfig } from "../../src/config/config.ts";
import { packageDirectory } from "../../src/config/paths.ts";
import { openDatabase } from "../../src/db/database.ts";
import { registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { startPerson } from "../../src/dev/people/person.ts";
import { withOperations } from "../../src/process/with-operations.ts";
import { rogatory } from "../cli/rogatory.ts";
import { startTestHomeserver, type TestHomeserver } from "../support/homeserver.ts";
import { createTestDatabase, postgresUrl, type TestPostgres } from "../support/postgresql.ts";

const program = join(packageDirectory(), "bin/rogatory.js");
const masterKey = "5".repeat(64);

let homeserver: TestHomeserver;
let folder: string;
const started: Started[] = [];

beforeAll(async () => {
  homeserver = await startTestHomeserver();
  folder = await mkdtemp(join(tmpdir(), "rogatory-start-"));
});

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  }
});

afterAll(async () => {
  await homeserver.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  /** The next line on standard output; the end of the program is an error. */
  line(): Promise<string>;
  /** When nobody holds its standard output any more, the bots' process included. */
  readonly ended: Promise<unknown>;
  readonly errors: string[];
}

async function configFile(name: string, extra: string, bot = "rogatory_bot"): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  await writeFile(
    path,
    `homeserver:
  url: ${homeserver.url}
  serverName: ${homeserver.serverName}
  registrationFile: ${join(homeserver.directory, "registration.yaml")}
dataDirectory: ${name}
bots: { registrar: ${bot}, clerk: ${bot}, scribe: ${bot} }
${extra}`,
  );
  return path;
}

function start(config: string, environment: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [program, "start", "--config", config], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ROGATORY_MASTER_KEY: masterKey, ...environment },
  });
  const lines: Interface = createInterface({ input: child.stdout });
  const iterator = lines[Symbol.asyncIterator]();
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
  const one: Started = {
    child,
    errors,
    ended: once(lines, "close"),
    async line() {
      const { value, done } = await iterator.next();
      if (done === true) throw new Error(`it ended: ${errors.join("\n")}`);
      return String(value);
    },
  };
  started.push(one);
  return one;
}

async function ownerOf(config: string): Promise<number> {
  const { paths } = loadConfig(config);
  const text = await readFile(`${paths.lock}.json`, "utf8");
  return z.object({ pid: z.number() }).parse(JSON.parse(text)).pid;
}

const caseFile = `
template: jit
name: HERON
timeZone: Europe/Brussels
roster:
  - { localpart: leader, function: Prosecutor, state: BE, role: leader }
  - { localpart: member, function: Investigator, state: NL, role: member }
`;

const ready = "Rogatory is ready.";

describe("rogatory start", { timeout: 180_000 }, () => {
  it("starts the bots again when their process is killed, tells the operators, and stops them in order", async () => {
    const boss = await startPerson(
      homeserver,
      await registerAccount(homeserver, { localpart: "boss" }),
    );
    boss.acceptInvitations();
    const operators = `operators: ["${boss.userId}"]\n`;
    const config = await configFile("pglite", `metrics: { listen: 127.0.0.1:29464 }\n${operators}`);
    const bots = start(config);
    expect(await bots.line()).toBe(ready);
    const first = await ownerOf(config);
    expect(first).not.toBe(bots.child.pid);
    const metrics = await (await fetch("http://127.0.0.1:29464/metrics")).text();
    expect(metrics).toContain('rogatory_sync_age_seconds{account="@rogatory_bot:');

    await boss.roomByName("Operators", { members: 2, timeout: 60_000 });
    process.kill(first, "SIGKILL");
    expect(await bots.line()).toBe(ready);
    await boss.firstMessage(
      ({ body }) => body.includes("ended with SIGKILL"),
      "the report",
      60_000,
    );
    await boss.stop();
    expect(await ownerOf(config)).not.toBe(first);
    expect(bots.errors).toEqual([
      "rogatory: The bots' process ended (SIGKILL); it is started again in 1 s.",
    ]);

    bots.child.kill("SIGTERM");
    await bots.ended;
    expect(await once(bots.child, "exit").catch(() => [bots.child.exitCode])).toBeDefined();
    expect(bots.child.exitCode).toBe(0);
  });

  it("leaves nothing running when it is killed itself, so that it can be started again at once", async () => {
    const config = await configFile("pglite", "");
    const bots = start(config);
    expect(await bots.line()).toBe(ready);
    bots.child.kill("SIGKILL");
    const again = start(config);
    expect(await again.line()).toBe(ready);
    await bots.ended;
    again.child.kill("SIGTERM");
    await again.ended;
  });

  it("seals what a former version kept in plain columns, and so does every command", async () => {
    const path = await configFile("plain", "", "rogatory_plain");
    const config = loadConfig(path, { ROGATORY_MASTER_KEY: masterKey });
    const { code } = await withOperations(config, (ask) =>
      ask["case.new"]({ yaml: caseFile, fileName: "case.yaml", cause: "plain" }),
    );
    const keepPlain = async () => {
      await using db = await openDatabase(databaseLocation(config));
      await sql`insert into unsealed_detail (row_id, case_id, table_name, details)
        select 'gone', id, 'request', '{}' from case_file where code = ${code}`.execute(db);
    };
    const plain = async () => {
      await using db = await openDatabase(databaseLocation(config));
      return await db.selectFrom("unsealed_detail").selectAll().execute();
    };
    await keepPlain();
    expect(await plain()).toHaveLength(1);
    await withOperations(config, (ask) => ask["case.list"]({}));
    expect(await plain()).toEqual([]);

    await keepPlain();
    const bots = start(path);
    expect(await bots.line()).toBe(ready);
    bots.child.kill("SIGTERM");
    await bots.ended;
    expect(await plain()).toEqual([]);
  });

  it("ends with one sentence when only an operator can help", async () => {
    const config = await configFile("no-key", "");
    const bots = start(config, { ROGATORY_MASTER_KEY: "too short" });
    await bots.ended;
    await expect.poll(() => bots.child.exitCode).toBe(1);
    expect(bots.errors).toHaveLength(1);
    expect(bots.errors[0]).toMatch(/^rogatory: .*\[vault\./);
  });
});

describe.skipIf(postgresUrl === undefined)(
  "rogatory start on PostgreSQL",
  { timeout: 180_000 },
  () => {
    let postgres: TestPostgres;

    beforeAll(async () => {
      postgres = await createTestDatabase(postgresUrl ?? "");
    });

    afterAll(() => postgres.drop());

    it("hands over to the next process on a kill and on a cut connection, and takes orders from elsewhere", async () => {
      const database = "database: { kind: postgresql }\n";
      const environment = { ROGATORY_DATABASE_URL: postgres.url, ROGATORY_MASTER_KEY: masterKey };
      const one = await configFile("one", database, "rogatory_pg");
      const two = await configFile("two", database, "rogatory_pg");
      const first = start(one, environment);
      expect(await first.line()).toBe(ready);
      const second = start(two, environment);
      expect(await second.line()).toBe("Another process serves these accounts; standing by.");

      // A third machine, with no socket to ask: what it adds is carried out by the owner at once.
      const three = loadConfig(await configFile("three", database, "rogatory_pg"), environment);
      const created = await withOperations(three, (ask) =>
        ask["case.new"]({ yaml: caseFile, fileName: "case.yaml", cause: "elsewhere" }),
      );
      const rooms = async () => {
        const [row] = await postgres.query(
          "select count(*)::integer as made from case_room where room_id is not null",
        );
        return row?.made;
      };
      await expect.poll(rooms, { timeout: 60_000 }).toBe(created.rooms.length);

      // Killed with its supervisor, as a machine dies.
      const owner = await ownerOf(one);
      first.child.kill("SIGKILL");
      process.kill(owner, "SIGKILL");
      const killed = performance.now();
      expect(await second.line()).toBe(ready);
      expect(performance.now() - killed).toBeLessThan(20_000);

      // The connection of the second is cut: its process ends with 74 and is the owner again.
      const before = await ownerOf(two);
      await postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'rogatory owner'",
      );
      expect(await second.line()).toBe(ready);
      expect(await ownerOf(two)).not.toBe(before);
      expect(second.errors.join()).toContain("exit code 74");

      const devices = await postgres.query("select user_id, device_id from account");
      expect(devices).toHaveLength(1);
      const listed = await rogatory(["case", "list", "--config", two], { environment });
      expect(listed.output).toContain(created.code);
      const outbox = await rogatory(["outbox", "list", "--config", two], { environment });
      expect(outbox.code).toBe(0);
      const open = () =>
        postgres.query(
          "select kind, lane, state, failure, attempts from outbox where state <> 'done' or (kind = 'send' and confirmed_at is null)",
        );
      await expect.poll(open, { timeout: 60_000 }).toEqual([]);
      // Nothing was made twice: each room has its one creation.
      expect(await rooms()).toBe(created.rooms.length);
    });

    it("destroys data between two runs as soon as its retention time is over", async () => {
      const database = "database: { kind: postgresql }\n";
      const environment = { ROGATORY_DATABASE_URL: postgres.url, ROGATORY_MASTER_KEY: masterKey };
      const path = await configFile("retention", database, "rogatory_pg");
      const config = loadConfig(path, environment);
      const bots = start(path, environment);
      expect(await bots.line()).toBe(ready);
      const { code } = await withOperations(config, (ask) =>
        ask["case.new"]({
          yaml: caseFile.replace("HERON", "STORK"),
          fileName: "case.yaml",
          cause: "over",
        }),
      );
      const closed = await withOperations(config, (ask) =>
        ask["case.close"]({ case: code, reason: "a test" }),
      );
      expect(closed.state).toBe("closed");
      const before = await ownerOf(path);
      await postgres.query(
        "update timer set due_at = '2020-01-01T00:00:00.000Z' where kind = 'case.retention' and subject = 'operational'",
      );
      expect(await bots.line()).toBe(ready);
      expect(bots.errors.join()).toContain("exit code 77");
      expect(await ownerOf(path)).not.toBe(before);
      const certified = await withOperations(config, (ask) =>
        ask["case.certificate"]({ case: code }),
      );
      expect(certified.completed).toBe(true);
      const left = await postgres.query(
        "select r.id from case_room r join case_file c on c.id = r.case_id where c.code = $1",
        [code],
      );
      expect(left).toEqual([]);
      bots.child.kill("SIGTERM");
      await bots.ended;
    });
  },
);
