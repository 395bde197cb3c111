import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { type Config, databaseLocation, loadConfig } from "../../src/config/config.ts";
import { openDatabase } from "../../src/db/database.ts";
import type { Database } from "../../src/db/schema.ts";
import type { BotsProcess } from "../../src/dev/demo/bots-process.ts";
import { type Deployment, startDeployment } from "../../src/dev/demo/deployment.ts";
import { registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { DEFAULT_SERVER_NAME } from "../../src/dev/homeserver/homeserver.ts";
import { type Person, startPerson } from "../../src/dev/people/person.ts";
import type { RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountHttp } from "../../src/matrix/http.ts";
import { readRegistration } from "../../src/matrix/provisioning/registration.ts";

/** A real homeserver, `rogatory start` as a process, and a JIT whose leader is in its rooms. */
export interface ProgramCase {
  readonly deployment: Deployment;
  readonly config: Config;
  readonly code: string;
  readonly leader: Person;
  readonly coordination: RoomId;
  /** Requests to the homeserver as one of the bots' accounts. */
  botHttp(userId: UserId): AccountHttp;
  stopBots(): Promise<void>;
  startBots(): Promise<void>;
  /** The database, while no process has it. */
  inDatabase<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const caseFile = `
template: jit
name: HERON
timeZone: Europe/Brussels
roster:
  - { localpart: leader, function: Prosecutor, state: BE, role: leader }
`;

/** @param databaseUrl a database of PostgreSQL that is empty; without it PGlite is used */
export async function openProgramCase(databaseUrl: string | undefined): Promise<ProgramCase> {
  await using cleanUp = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "rogatory-program-"));
  cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
  const serverName = DEFAULT_SERVER_NAME;
  const deployment = await startDeployment({ directory, serverName, databaseUrl });
  cleanUp.defer(() => deployment.stop());
  let bots: BotsProcess | undefined = await deployment.startBots();
  const stopBots = async () => {
    await bots?.stop();
    bots = undefined;
  };
  cleanUp.defer(stopBots);
  const file = join(directory, "case.yaml");
  await writeFile(file, caseFile);
  const code = await deployment.createCase(file);
  const leader = await startPerson(
    deployment.homeserver,
    await registerAccount(deployment.homeserver, { localpart: "leader" }),
  );
  cleanUp.defer(() => leader.stop());
  await leader.acceptInvitations();
  const { roomId: coordination } = await leader.roomByName("coordination", { members: 3 });
  const config = loadConfig(deployment.files.configuration, {});
  const registration = await readRegistration(config.homeserver.registrationFile);
  const owned = cleanUp.move();
  return {
    ...{ deployment, config, code, leader, coordination, stopBots },
    botHttp: (userId) => new AccountHttp(config.homeserver.url, registration.as_token, userId),
    async startBots() {
      bots = await deployment.startBots();
    },
    async inDatabase(work) {
      await using db = await openDatabase(databaseLocation(config));
      return await work(db);
    },
    close: () => owned.disposeAsync(),
  };
}
