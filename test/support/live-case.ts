import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { openDatabase } from "../../src/db/database.ts";
import type { Database } from "../../src/db/schema.ts";
import { liftRateLimit, registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { type FarHomeserver, startFarHomeserver } from "../../src/dev/homeserver/far-homeserver.ts";
import {
  DEFAULT_SERVER_NAME,
  type Homeserver,
  startHomeserver,
} from "../../src/dev/homeserver/homeserver.ts";
import { type Person, type PersonOptions, startPerson } from "../../src/dev/people/person.ts";
import { type RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
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

/** For `describe.each`: the people under test are at home with the bots, or on a second homeserver. */
export const places = ["near", "far"] as const;
export type Place = (typeof places)[number];

export interface LiveCaseOptions {
  /** Further entries of the roster, as lines of YAML. */
  readonly others?: readonly string[];
  /** First parts of the Matrix ids of those who live on a second homeserver; without any there is none. */
  readonly far?: readonly string[];
  /** First parts of the Matrix ids of the operators. */
  readonly operators?: readonly string[];
}

/** A real homeserver, the bots in this process, a JIT with a few people: for tests of single mechanisms. */
export interface LiveCase {
  readonly homeserver: Homeserver;
  readonly far: FarHomeserver | undefined;
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
  /** A further case; people who live far are entered with their whole Matrix ids. Gives its code. */
  openCase(yaml: string): Promise<string>;
  userIdOf(localpart: string): UserId;
  /** An account on the person's own homeserver, of somebody who has no client. */
  account(localpart: string): Promise<LiveAccount>;
  /** A person, who joins every room they are invited to; `leader` and `member` are on the roster. */
  person(localpart: string, options?: LivePersonOptions): Promise<Person>;
  accessTokenOf(person: Person): string;
  /** Requests with the person's own token, to their own homeserver. */
  httpOf(person: Person): AccountHttp;
  /** As a server administrator of one of the homeservers. */
  administrator(place: Place): AccountHttp;
  coordination(person: Person): Promise<RoomId>;
  /** Lets the bots look for what is due. */
  tick(): void;
  stopBots(): Promise<void>;
  startBots(): Promise<void>;
  close(): Promise<void>;
}

export interface LivePersonOptions extends PersonOptions {
  /** Default true. */
  readonly acceptsInvitations?: boolean;
}

export interface LiveAccount {
  readonly userId: UserId;
  readonly http: AccountHttp;
}

const caseFile = `
template: jit
name: HERON
timeZone: Europe/Brussels
roster:
  - { localpart: leader, function: Prosecutor, state: BE, role: leader }
  - { localpart: member, function: Investigator, state: NL, role: member }
`;

export async function openLiveCase(options: LiveCaseOptions = {}): Promise<LiveCase> {
  const { others = [], operators = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), "rogatory-live-"));
  const distant = new Set(options.far);
  const far = distant.size === 0 ? undefined : await startFarHomeserver(join(folder, "far"));
  const serverName = far?.near.serverName ?? DEFAULT_SERVER_NAME;
  const registrationFile = join(folder, "registration.yaml");
  await writeRegistration(registrationFile, createRegistration({ serverName }));
  const homeserver = await startHomeserver({
    ...far?.near,
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
operators: ${JSON.stringify(operators.map((localpart) => `@${localpart}:${serverName}`))}
`,
  );
  const config = loadConfig(configFile, {});
  const vault = new Vault(readMasterKey({ file: join(folder, "master.key") }));
  const db = await openDatabase(await testLocation());
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
  const homeOf = (localpart: string): Homeserver =>
    far !== undefined && distant.has(localpart) ? far.homeserver : homeserver;
  const userIdOf = (localpart: string) =>
    UserId.parse(`@${localpart}:${homeOf(localpart).serverName}`);
  const ask = clientOf(async (name, params) => operations[name]?.(params));
  const openCase = async (yaml: string) => {
    const entered = yaml.replaceAll(/localpart: ([\w-]+)/g, (entry, localpart: string) =>
      distant.has(localpart) ? `matrixId: "${userIdOf(localpart)}"` : entry,
    );
    const cause = randomBytes(8).toString("hex");
    return (await ask["case.new"]({ yaml: entered, fileName: "case.yaml", cause })).code;
  };
  await openCase(`${caseFile}${others.map((entry) => `  - ${entry}\n`).join("")}`);

  const administrators = new Map<Homeserver, string>();
  for (const each of far === undefined ? [homeserver] : [homeserver, far.homeserver]) {
    const { accessToken } = await registerAccount(each, { localpart: "admin", admin: true });
    administrators.set(each, accessToken);
  }
  const tokenOf = (home: Homeserver) => administrators.get(home) ?? "";
  const people = new Map<Person, { readonly token: string; readonly home: Homeserver }>();
  const register = async (localpart: string) => {
    const home = homeOf(localpart);
    const account = await registerAccount(home, { localpart });
    await liftRateLimit(home, tokenOf(home), account.userId);
    return { home, account };
  };
  const accessTokenOf = (person: Person) => people.get(person)?.token ?? "";
  return {
    homeserver,
    far,
    homeserverDirectory: join(folder, "homeserver"),
    config,
    db,
    vault,
    log: lines,
    ask,
    openCase,
    userIdOf,
    session(bot) {
      const session = bots?.sessionOf(config.bots[bot]);
      if (session === undefined) throw new Error(`${bot} does not run`);
      return session;
    },
    async account(localpart) {
      const { home, account } = await register(localpart);
      return { userId: account.userId, http: new AccountHttp(home.url, account.accessToken) };
    },
    async person(localpart, wishes) {
      const { home, account } = await register(localpart);
      const joinsFromSpaces = home !== homeserver;
      const person = await startPerson(home, account, { joinsFromSpaces, ...wishes });
      people.set(person, { token: account.accessToken, home });
      if (wishes?.acceptsInvitations !== false) person.acceptInvitations();
      return person;
    },
    accessTokenOf,
    httpOf: (person) => new AccountHttp(people.get(person)?.home.url ?? "", accessTokenOf(person)),
    administrator(place) {
      const home = place === "near" ? homeserver : far?.homeserver;
      if (home === undefined) throw new Error("there is no second homeserver");
      return new AccountHttp(home.url, tokenOf(home));
    },
    coordination: async (person) => (await person.roomByName("coordination")).roomId,
    tick: () => bots?.tick(),
    stopBots: stop,
    startBots: start,
    async close() {
      await Promise.all([...people.keys()].map((person) => person.stop()));
      await stop();
      await db.destroy();
      await homeserver.stop();
      await far?.homeserver.stop();
    },
  };
}
