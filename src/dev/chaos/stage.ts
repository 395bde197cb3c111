import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { createRegistration, writeRegistration } from "../../matrix/provisioning/registration.ts";
import { ensureMasterKeyFile } from "../../vault/master-key.ts";
import { liftRateLimit, registerAccount } from "../homeserver/accounts.ts";
import { type Homeserver, startHomeserver } from "../homeserver/homeserver.ts";
import { type Crowd, startCrowd } from "../people/crowd.ts";
import { runRogatory } from "./kept-process.ts";
import { type FlakyProxy, startFlakyProxy } from "./proxy.ts";
import type { Random } from "./random.ts";

const serverName = "rogatory.localhost";

const roster = [
  { localpart: "amal", function: "Prosecutor", state: "BE", role: "leader" },
  { localpart: "bram", function: "Prosecutor", state: "NL", role: "leader" },
  { localpart: "cosmina", function: "Prosecutor", state: "RO", role: "national-desk" },
  { localpart: "dario", function: "Prosecutor", state: "IT", role: "national-desk" },
] as const;

/** The clerk and the registrar, by the template. */
const botsInRoom = 2;

/** A room of the case with the people who are in it. */
export interface TalkingRoom {
  readonly roomId: RoomId;
  readonly people: readonly UserId[];
}

/** A homeserver behind a flaky proxy, a case, and its people at their clients. */
export interface Stage {
  readonly configuration: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly proxy: FlakyProxy;
  readonly crowd: Crowd;
  restartHomeserver(): Promise<void>;
  /** Waits until everybody has joined their rooms of the case, which the bots make. */
  enterRooms(): Promise<readonly TalkingRoom[]>;
  close(): Promise<void>;
}

export async function setStage(options: {
  readonly folder: string;
  readonly databaseUrl: string | undefined;
  readonly random: Random;
}): Promise<Stage> {
  const { folder, databaseUrl } = options;
  const inside = (name: string) => join(folder, name);
  await using cleanUp = new AsyncDisposableStack();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeRegistration(inside("registration.yaml"), createRegistration({ serverName }));
  ensureMasterKeyFile(inside("master.key"));

  let homeserver: Homeserver = await startHomeserver({
    ...{ directory: inside("homeserver"), port: "free", serverName },
    registrations: [inside("registration.yaml")],
  });
  let restarted = Promise.resolve();
  cleanUp.defer(() => homeserver.stop());
  const proxy = await startFlakyProxy(homeserver.url, options.random);
  cleanUp.defer(() => proxy.close());
  await writeFile(
    inside("rogatory.yaml"),
    stringify({
      homeserver: { url: proxy.url, serverName, registrationFile: "registration.yaml" },
      database: { kind: databaseUrl === undefined ? "pglite" : "postgresql" },
      vault: { masterKeyFile: "master.key" },
    }),
  );
  await writeFile(
    inside("case.yaml"),
    stringify({ template: "jit", name: "CHAOS", timeZone: "Europe/Brussels", roster }),
  );

  const administrator = await registerAccount(homeserver, { localpart: "admin", admin: true });
  const accounts = await Promise.all(
    roster.map(({ localpart }) => registerAccount(homeserver, { localpart })),
  );
  for (const { userId } of accounts) {
    await liftRateLimit(homeserver, administrator.accessToken, userId);
  }
  const crowd = await startCrowd();
  cleanUp.defer(() => crowd.stop());
  await crowd.start(
    homeserver.url,
    accounts.map(({ userId, deviceId, accessToken }) => ({ userId, deviceId, accessToken })),
  );
  await crowd.acceptInvitations();

  const environment = {
    ...process.env,
    ...(databaseUrl === undefined ? {} : { ROGATORY_DATABASE_URL: databaseUrl }),
  };
  const configuration = inside("rogatory.yaml");
  await runRogatory(
    environment,
    ...["case", "new", "--from", inside("case.yaml"), "--config", configuration],
  );
  const owned = cleanUp.move();
  return {
    ...{ configuration, environment, proxy, crowd },
    restartHomeserver() {
      // One after the other, however close together they were asked for.
      restarted = restarted.then(async () => {
        homeserver = await homeserver.restart();
      });
      return restarted;
    },
    async enterRooms() {
      const leaders = roster.flatMap(({ role }, index) => (role === "leader" ? [index] : []));
      const everybody = roster.map((_, index) => index);
      const enter = async (suffix: string, indices: readonly number[]): Promise<TalkingRoom> => {
        const people = indices.flatMap((index) => accounts[index]?.userId ?? []);
        const [roomId] = await Promise.all(
          people.map((userId) =>
            crowd.room(userId, suffix, { members: people.length + botsInRoom }),
          ),
        );
        if (roomId === undefined) throw new Error("a room without people");
        return { roomId, people };
      };
      return Promise.all([enter("coordination", everybody), enter("leaders", leaders)]);
    },
    close: () => owned.disposeAsync(),
  };
}
