import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { databaseLocation, loadConfig } from "../../src/config/config.ts";

const least = `homeserver:
  url: https://matrix.example.org/
  serverName: example.org
  registrationFile: registration.yaml
`;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rogatory-config-"));
  path = join(folder, "rogatory.yaml");
});

afterEach(() => rm(folder, { recursive: true }));

async function load(text: string, environment: Record<string, string> = {}) {
  await writeFile(path, text);
  return loadConfig(path, environment);
}

describe("the configuration", () => {
  it("needs only the homeserver; everything else has a default", async () => {
    expect(await load(least)).toEqual({
      file: path,
      homeserver: {
        url: "https://matrix.example.org",
        serverName: "example.org",
        registrationFile: join(folder, "registration.yaml"),
      },
      dataDirectory: join(folder, "data"),
      paths: {
        database: join(folder, "data/database"),
        lock: join(folder, "data/owner.lock"),
        socket: join(folder, "data/control.sock"),
        logs: join(folder, "data/logs"),
      },
      database: { kind: "pglite" },
      bots: {
        registrar: "@rogatory_registrar:example.org",
        clerk: "@rogatory_clerk:example.org",
        scribe: "@rogatory_scribe:example.org",
      },
      operators: [],
      operatorsRoom: { dailyLogEnd: true },
      rooms: { templates: undefined, localPeople: "invited" },
      commands: { requireSignedDevices: true },
      log: { level: "info" },
      metrics: { listen: undefined },
      clock: { startAt: undefined },
      secrets: { databaseUrl: {}, masterKey: {}, adminToken: {} },
    });
  });

  it("takes paths from the folder of the file", async () => {
    const config = await load(
      `${least}dataDirectory: ../elsewhere\nvault: { masterKeyFile: key }\n`,
    );
    expect(config.dataDirectory).toBe(join(folder, "../elsewhere"));
    expect(config.secrets.masterKey).toEqual({ file: join(folder, "key") });
    expect(databaseLocation(config)).toEqual({
      kind: "pglite",
      directory: join(folder, "../elsewhere/database"),
    });
  });

  it("prefers secrets of the environment to those of files", async () => {
    const text = `${least}vault: { masterKeyFile: key }\ndatabase: { kind: postgresql, urlFile: url }\n`;
    const config = await load(text, {
      ROGATORY_MASTER_KEY: "key",
      ROGATORY_DATABASE_URL: "postgresql://db/rogatory",
    });
    expect(config.secrets.masterKey).toEqual({ value: "key" });
    expect(databaseLocation(config)).toEqual({
      kind: "postgresql",
      url: "postgresql://db/rogatory",
    });
  });

  it("reads the database URL from its file", async () => {
    await writeFile(join(folder, "url"), "postgresql://db/rogatory\n");
    const config = await load(`${least}database: { kind: postgresql, urlFile: url }\n`);
    expect(databaseLocation(config)).toMatchObject({ url: "postgresql://db/rogatory" });
  });

  it("says what to do when PostgreSQL has no URL", async () => {
    const config = await load(`${least}database: { kind: postgresql }\n`);
    expect(() => databaseLocation(config)).toThrow(/set ROGATORY_DATABASE_URL/);
  });

  it("lets the bots share accounts", async () => {
    const config = await load(`${least}bots: { registrar: bot, clerk: bot, scribe: bot }\n`);
    expect(new Set(Object.values(config.bots)).size).toBe(1);
  });

  it("moves the clock only when it is told to", async () => {
    const config = await load(`${least}clock: { startAt: "2026-12-01T08:00:00+02:00" }\n`);
    expect(config.clock.startAt?.toString()).toBe("2026-12-01T06:00:00Z");
  });

  it.each([
    ["dataDirectroy: x", "line 5: dataDirectroy is not a known setting"],
    [
      "log:\n  level: loud",
      "line 6: log.level must be one of error, warn, info, debug, not “loud”.",
    ],
    ["operators: [operator]", "line 5: operators[0] is wrong (“operator”): a Matrix id looks like"],
    ["vault:\n  masterKey: abc", "line 6: vault.masterKey is not a known setting"],
    ["database: { urlFile: x }", "line 5: database.urlFile is for PostgreSQL only"],
    ["clock: { startAt: tomorrow }", "line 5: clock.startAt must be an instant such as"],
    ["commands: { requireSignedDevices: no }", "must be true or false."],
  ])("refuses %j with its line", async (line, expected) => {
    await expect(load(`${least}${line}\n`)).rejects.toThrow(
      expect.objectContaining({
        code: "config.invalid",
        message: expect.stringContaining(expected),
      }),
    );
  });

  it("says what to do when there is no file", () => {
    expect(() => loadConfig(join(folder, "missing.yaml"), {})).toThrow(
      expect.objectContaining({ code: "config.missing" }),
    );
  });
});
