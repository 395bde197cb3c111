import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { stringify } from "yaml";
import { z } from "zod";
import { startPostgresql } from "../../src/dev/chaos/postgresql.ts";
import { liftRateLimit, registerAccount } from "../../src/dev/homeserver/accounts.ts";
import { type Homeserver, startHomeserver } from "../../src/dev/homeserver/homeserver.ts";
import { DeviceId, RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountHttp, path } from "../../src/matrix/http.ts";
import { provisionAccount } from "../../src/matrix/provisioning/accounts.ts";
import { prepareBotSdk } from "../../src/matrix/provisioning/bot-sdk.ts";
import {
  createRegistration,
  readRegistration,
  writeRegistration,
} from "../../src/matrix/provisioning/registration.ts";
import { ensureMasterKeyFile } from "../../src/vault/master-key.ts";
import type { BareSettings } from "./settings.ts";

export interface Bots {
  readonly registrar: string;
  readonly clerk: string;
  readonly scribe: string;
}

export interface ServiceAccount {
  readonly localpart: string;
  readonly userId: UserId;
  readonly http: AccountHttp;
}

/** One account that is all three bots. */
export function oneAccount(localpart: string): Bots {
  return { registrar: localpart, clerk: localpart, scribe: localpart };
}

export type DatabaseKind = "pglite" | "postgresql";

/** A configuration of Rogatory with its database. */
export interface Deployment {
  /** Nothing of it was ever started: earlier runs did not have it. */
  readonly isNew: boolean;
  readonly configuration: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** One homeserver and one database server, kept from run to run, for everything that is measured. */
export interface Ground {
  readonly homeserver: Homeserver;
  /** URL for `bench/indexeddb.ts`; undefined with PGlite. */
  readonly databaseUrl: string | undefined;
  /** @param bots local parts of the bots' accounts, if they are not the usual three */
  deployment(name: string, bots?: Bots, settings?: object): Promise<Deployment>;
  /** An account of the application service with a new device. */
  bareAccount(localpart: string): Promise<BareSettings>;
  /** The homeserver's admin API. */
  readonly administration: AccountHttp;
  /** An account of the application service, as itself. */
  accountOf(localpart: string): Promise<ServiceAccount>;
  /** Makes an account of the application service a server administrator; returns its requests. */
  administratorOf(localpart: string): Promise<AccountHttp>;
  /** A person with a fresh account, without rate limits. */
  person(): Promise<{
    readonly userId: UserId;
    readonly deviceId: DeviceId;
    readonly accessToken: string;
    readonly localpart: string;
  }>;
  /** Brings both accounts into the wanted number of encrypted rooms; those of earlier runs count. */
  ensureRooms(accounts: readonly [string, string], onRoom: (made: number) => void): Promise<void>;
  close(): Promise<void>;
}

const serverName = "rogatory.localhost";
const madeAtOnce = 4;
const Rooms = z.array(RoomId);
const Anything = z.object({});
const Created = z.object({ room_id: RoomId });

export async function prepareGround(kind: DatabaseKind, rooms: number): Promise<Ground> {
  const folder = join(import.meta.dirname, "..", ".data", `${kind}-${rooms}`);
  const inside = (name: string) => join(folder, name);
  await using cleanUp = new AsyncDisposableStack();
  await mkdir(folder, { recursive: true });
  ensureMasterKeyFile(inside("master.key"));
  if (!existsSync(inside("registration.yaml"))) {
    await writeRegistration(inside("registration.yaml"), createRegistration({ serverName }));
  }
  const { as_token: token } = await readRegistration(inside("registration.yaml"));
  const homeserver = await startHomeserver({
    ...{ directory: inside("homeserver"), port: "free", serverName },
    registrations: [inside("registration.yaml")],
  });
  cleanUp.defer(() => homeserver.stop());
  const databaseUrl = await provideDatabase(kind, inside("postgresql"), cleanUp);
  prepareBotSdk();
  const run = randomBytes(3).toString("hex");
  const administrator = await registerAccount(homeserver, {
    localpart: `admin-${run}`,
    admin: true,
  });
  const administration = new AccountHttp(homeserver.url, administrator.accessToken);
  const userId = (localpart: string) => UserId.parse(`@rogatory_${localpart}:${serverName}`);
  let people = 0;

  async function bareAccount(localpart: string): Promise<BareSettings> {
    const account = {
      ...{ userId: userId(localpart), token },
      deviceId: DeviceId.parse(`BENCH${randomBytes(4).toString("hex").toUpperCase()}`),
    };
    await provisionAccount({
      ...{ ...account, homeserverUrl: homeserver.url, displayName: localpart },
    });
    return { ...account, url: homeserver.url };
  }

  const owned = cleanUp.move();
  return {
    homeserver,
    databaseUrl,
    administration,
    bareAccount,
    async accountOf(localpart) {
      await bareAccount(localpart);
      const http = new AccountHttp(homeserver.url, token, userId(localpart));
      return { localpart: `rogatory_${localpart}`, userId: userId(localpart), http };
    },
    async administratorOf(localpart) {
      await bareAccount(localpart);
      const account = path`/_synapse/admin/v2/users/${userId(localpart)}`;
      await administration.json("PUT", account, Anything, { body: { admin: true } });
      return new AccountHttp(homeserver.url, token, userId(localpart));
    },
    async deployment(name, bots, settings = {}) {
      const configuration = inside(`${name}/rogatory.yaml`);
      const isNew = !existsSync(configuration);
      await mkdir(inside(name), { recursive: true });
      await writeFile(
        configuration,
        stringify({
          homeserver: {
            ...{ url: homeserver.url, serverName, registrationFile: "../registration.yaml" },
          },
          database: { kind },
          vault: { masterKeyFile: "../master.key" },
          ...(bots === undefined ? {} : { bots: accountsOf(bots) }),
          ...settings,
        }),
      );
      const environment = {
        ...process.env,
        ...(databaseUrl === undefined
          ? {}
          : { ROGATORY_DATABASE_URL: await ensureDatabase(databaseUrl, `bench_${name}`) }),
      };
      return { isNew, configuration, environment };
    },
    async person() {
      people += 1;
      const localpart = `person-${run}-${people}`;
      const account = await registerAccount(homeserver, { localpart });
      await liftRateLimit(homeserver, administrator.accessToken, account.userId);
      return { ...account, localpart };
    },
    async ensureRooms([owner, guest], onRoom) {
      const list = inside("rooms.json");
      const made = existsSync(list) ? Rooms.parse(JSON.parse(await readFile(list, "utf8"))) : [];
      const http = new AccountHttp(homeserver.url, token, userId(owner));
      const guestHttp = new AccountHttp(homeserver.url, token, userId(guest));
      await bareAccount(owner);
      await bareAccount(guest);
      while (made.length < rooms) {
        const wanted = Math.min(madeAtOnce, rooms - made.length);
        const more = await Promise.all(
          Array.from({ length: wanted }, () => makeRoom(http, guestHttp, userId(guest))),
        );
        made.push(...more);
        await writeFile(list, JSON.stringify(made));
        onRoom(made.length);
      }
    },
    close: () => owned.disposeAsync(),
  };
}

function accountsOf({ registrar, clerk, scribe }: Bots): Bots {
  return {
    registrar: `rogatory_${registrar}`,
    clerk: `rogatory_${clerk}`,
    scribe: `rogatory_${scribe}`,
  };
}

async function makeRoom(owner: AccountHttp, guest: AccountHttp, invite: UserId): Promise<RoomId> {
  const { room_id: roomId } = await owner.json("POST", "/_matrix/client/v3/createRoom", Created, {
    body: {
      ...{ preset: "private_chat", name: "bench", invite: [invite] },
      initial_state: [
        {
          type: "m.room.encryption",
          state_key: "",
          content: { algorithm: "m.megolm.v1.aes-sha2" },
        },
      ],
    },
  });
  await guest.json("POST", path`/_matrix/client/v3/join/${roomId}`, Created, { body: {} });
  return roomId;
}

async function provideDatabase(
  kind: DatabaseKind,
  folder: string,
  cleanUp: AsyncDisposableStack,
): Promise<string | undefined> {
  if (kind === "pglite") return undefined;
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== "") return given;
  const server = await startPostgresql(folder);
  cleanUp.defer(() => server.stop());
  return server.url;
}

async function ensureDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}
