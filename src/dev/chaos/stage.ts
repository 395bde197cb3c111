import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { RoomId, UserId } from "../../domain/ids.ts";
import { createRegistration, writeRegistration } from "../../matrix/provisioning/registration.ts";
import { ensureMasterKeyFile } from "../../vault/master-key.ts";
import { startFarHomeserver } from "../homeserver/far-homeserver.ts";
import { DEFAULT_SERVER_NAME, type Homeserver, startHomeserver } from "../homeserver/homeserver.ts";
import { type Crowd, startCrowd } from "../people/crowd.ts";
import { runRogatory } from "./kept-process.ts";
import { startTalkers, type Talker } from "./people.ts";
import { type FlakyProxy, startFlakyProxy } from "./proxy.ts";
import type { Random } from "./random.ts";

/** The clerk and the registrar, by the template. */
const botsInRoom = 2;

/** A room of the case with the people who are in it. */
export interface TalkingRoom {
  readonly roomId: RoomId;
  readonly people: readonly UserId[];
}

/** The second homeserver, and who is on it. */
export interface FarSide {
  readonly people: readonly UserId[];
  /** Ends it at this instant and keeps its data. */
  stop(): Promise<void>;
  startAgain(): Promise<void>;
}

/** A homeserver behind a flaky proxy, a case, and its people at their clients. */
export interface Stage {
  readonly configuration: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly proxy: FlakyProxy;
  readonly crowd: Crowd;
  /** Only where it was asked for. */
  readonly far: FarSide | undefined;
  restartHomeserver(): Promise<void>;
  /** Waits until everybody has joined their rooms of the case, which the bots make. */
  enterRooms(): Promise<readonly TalkingRoom[]>;
  close(): Promise<void>;
}

export async function setStage(options: {
  readonly folder: string;
  readonly databaseUrl: string | undefined;
  readonly random: Random;
  /** Whether half of the people are on a second homeserver. */
  readonly withFar: boolean;
}): Promise<Stage> {
  const { folder, databaseUrl, withFar } = options;
  const inside = (name: string) => join(folder, name);
  await using cleanUp = new AsyncDisposableStack();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const far = withFar ? await startFarHomeserver(inside("far-homeserver")) : undefined;
  cleanUp.defer(async () => far?.homeserver.stop());
  const serverName = far?.near.serverName ?? DEFAULT_SERVER_NAME;
  await writeRegistration(inside("registration.yaml"), createRegistration({ serverName }));
  ensureMasterKeyFile(inside("master.key"));

  let homeserver: Homeserver = await startHomeserver({
    ...{ directory: inside("homeserver"), port: "free", serverName, ...far?.near },
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
  const crowd = await startCrowd();
  cleanUp.defer(() => crowd.stop());
  const talkers = await startTalkers(crowd, homeserver, far?.homeserver);
  await writeFile(
    inside("case.yaml"),
    stringify({
      ...{ template: "jit", name: "CHAOS", timeZone: "Europe/Brussels" },
      roster: talkers.map(({ entry }) => entry),
    }),
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
    far: far && {
      people: talkers.flatMap(({ userId, isFar }) => (isFar ? [userId] : [])),
      stop: () => far.homeserver.stop(),
      startAgain: () => far.startAgain(),
    },
    restartHomeserver() {
      // One after the other, however close together they were asked for.
      restarted = restarted.then(async () => {
        homeserver = await homeserver.restart();
      });
      return restarted;
    },
    async enterRooms() {
      const enter = async (suffix: string, wanted: readonly Talker[]): Promise<TalkingRoom> => {
        const everybody = { members: wanted.length + botsInRoom };
        const [roomId] = await Promise.all(
          wanted.map(({ userId, isFar }) =>
            // A homeserver counts the members of another one's room only when somebody comes or goes.
            crowd.room(userId, suffix, isFar ? {} : everybody),
          ),
        );
        if (roomId === undefined) throw new Error("a room without people");
        return { roomId, people: wanted.map(({ userId }) => userId) };
      };
      const leaders = talkers.filter(({ isLeader }) => isLeader);
      return Promise.all([enter("coordination", talkers), enter("leaders", leaders)]);
    },
    close: () => owned.disposeAsync(),
  };
}
