import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { type DatabaseLocation, openDatabase } from "../../src/db/database.ts";
import type { Database } from "../../src/db/schema.ts";
import { liftRateLimit, registerAccount } from "../../src/dev/homeserver/accounts.ts";
import {
  DEFAULT_SERVER_NAME,
  type Homeserver,
  type HomeserverOptions,
  startHomeserver,
} from "../../src/dev/homeserver/homeserver.ts";
import { type Person, type PersonOptions, startPerson } from "../../src/dev/people/person.ts";
import type { RoomId } from "../../src/domain/ids.ts";
import {
  createRegistration,
  writeRegistration,
} from "../../src/matrix/provisioning/registration.ts";
import type { Session } from "../../src/matrix/session/session.ts";
import { type BotProcess, startBots } from "../../src/process/bot-process.ts";
import { systemClock } from "../../src/process/clock.ts";
import type { Log } from "../../src/process/log.ts";
import type { Operations } from "../../src/process/operation-shapes.ts";
import { createOperations } from "../../src/process/operations.ts";
import { clientOf } from "../../src/process/with-operations.ts";
import { ensureMasterKeyFile, readMasterKey } from "../../src/vault/master-key.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "./database.ts";

/** A line of the log: the event and its values. */
export interface LogLine {
  readonly event: string;
  readonly values: object;
}

/** A real homeserver, the bots in this process, a JIT with a few people: for tests of single mechanisms. */
export interface LiveCase {
  readonly homeserver: Homeserver;
  /** Where it keeps its database, media and logs. */
  readonly homeserverDirectory: string;
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly log: readonly LogLine[];
  /** Asks for an operation, as the command line does. */
  readonly ask: Operations;
  /** The session of a running bot. */
  session(bot: "registrar" | "clerk"): Session;
  /** A person, who joins every room they are invited to; `leader` and `member` are on the roster. */
  person(localpart: string, options?: PersonOptions): Promise<Person>;
  accessTokenOf(person: Person): string;
  coordination(person: Person): Promise<RoomId>;
  /** Lets the bots look for what is due. */
  tick(): void;
  stopBots(): Promise<void>;
  startBots(): Promise<void>;
  close(): Promise<void>;
}

const caseFile = `
template: jit
name: HERON
timeZone: Europe/Brussels
roster:
  - { localpart: leader, function: Prosecutor, state: BE, role: leader }
  - { localpart: member, function: Investigator, state: NL, role: member }
`;

/**
 * @param others further entries of the roster, as lines of YAML
 * @param place the homeserver's name, and others that it speaks with
 * @param settings further lines of the configuration
 */
export async function openLiveCase(
  wanted?: DatabaseLocation,
  others: readonly string[] = [],
  place: Pick<HomeserverOptions, "serverName" | "federation"> = {},
  settings: readonly string[] = [],
): Promise<LiveCase> {
  const serverName = place.serverName ?? DEFAULT_SERVER_NAME;
  const folder = mkdtempSync(join(tmpdir(), "rogatory-live-"));
  const registrationFile = join(folder, "registration.yaml");
  await writeRegistration(registrationFile, createRegistration({ serverName }));
  const homeserver = await startHomeserver({
    ...place,
    directory: join(folder, "homeserver"),
    port: "free",
    registrations: [registrationFile],
  });
  ensureMasterKeyFile(join(folder, "master.key"));
  mkdirSync(join(folder, "data"));
  const configFile = join(folder, "rogatory.yaml");
  writeFileSync(
    configFile,
    `homeserver: { url: "${homeserver.url}", serverName: "${serverName}", registrationFile: registration.yaml }
vault: { masterKeyFile: master.key }
${settings.join("\n")}
`,
  );
  const config = loadConfig(configFile, {});
  const vault = new Vault(readMasterKey({ file: join(folder, "master.key") }));
  const db = await openDatabase(wanted ?? (await testLocation()));
  const lines: LogLine[] = [];
  const note = (event: string, values: object = {}) => void lines.push({ event, values });
  const log: Log = { debug: note, info: note, warn: note, error: note };

  let bots: BotProcess | undefined;
  const start = async () => {
    bots = await startBots({
      config,
      db,
      vault,
      clock: systemClock,
      log,
      onFatal(error) {
        throw error;
      },
    });
  };
  const stop = async () => {
    await bots?.stop();
    bots = undefined;
  };
  await start();
  const operations = await createOperations({
    config,
    db,
    vault,
    now: () => systemClock.now(),
    onSteps: () => bots?.wakeSenders(),
    sessionOf: (userId) => bots?.sessionOf(userId),
    checkCases: async (cases) => bots?.checkCases(cases),
  });
  await operations["case.new"]?.({
    yaml: `${caseFile}${others.map((entry) => `  - ${entry}\n`).join("")}`,
    fileName: "case.yaml",
    cause: randomBytes(8).toString("hex"),
  });

  const administrator = await registerAccount(homeserver, { localpart: "admin", admin: true });
  const people = new Map<Person, string>();
  return {
    homeserver,
    homeserverDirectory: join(folder, "homeserver"),
    config,
    db,
    vault,
    log: lines,
    ask: clientOf(async (name, params) => operations[name]?.(params)),
    session(bot) {
      const session = bots?.sessionOf(config.bots[bot]);
      if (session === undefined) throw new Error(`${bot} does not run`);
      return session;
    },
    async person(localpart, options) {
      const account = await registerAccount(homeserver, { localpart });
      await liftRateLimit(homeserver, administrator.accessToken, account.userId);
      const person = await startPerson(homeserver, account, options);
      people.set(person, account.accessToken);
      person.acceptInvitations();
      return person;
    },
    accessTokenOf: (person) => people.get(person) ?? "",
    coordination: async (person) => (await person.roomByName("coordination")).roomId,
    tick: () => bots?.tick(),
    stopBots: stop,
    startBots: start,
    async close() {
      await Promise.all([...people.keys()].map((person) => person.stop()));
      await stop();
      await db.destroy();
      await homeserver.stop();
    },
  };
}
