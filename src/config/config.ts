import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { LocalWay } from "../domain/case/ways.ts";
import { RogatoryError } from "../domain/errors.ts";
import { UserId } from "../domain/ids.ts";
import { readYaml } from "./located-yaml.ts";

const Localpart = z
  .string()
  .regex(/^[a-z0-9._=/+-]+$/, "a localpart has small letters, digits and . _ = / + - only");

const FilePath = z.string().min(1);

/**
 * The content of rogatory.yaml. `config/rogatory.example.yaml` and docs/configuration.md are made
 * from the descriptions: they are written for operators.
 */
export const ConfigFile = z.strictObject({
  homeserver: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .describe("Client-server address of the homeserver, as the bots reach it.")
        .meta({ examples: ["https://matrix.example.org"] }),
      serverName: z
        .string()
        .regex(/^[A-Za-z0-9.[\]:-]+$/, "a server name looks like example.org or localhost:8448")
        .describe("The part of Matrix ids after the first colon.")
        .meta({ examples: ["example.org"] }),
      registrationFile: FilePath.describe(
        "Application-service registration, made by `rogatory appservice`; it holds secrets.",
      ).meta({ examples: ["rogatory-registration.yaml"] }),
      adminTokenFile: FilePath.optional()
        .describe(
          "File with the access token of a server administrator of Synapse, if it is not in the environment variable ROGATORY_ADMIN_TOKEN. Only `rogatory case shred` uses it, to purge rooms and files; it is not needed where the registrar's account is a server administrator.",
        )
        .meta({ examples: ["/run/secrets/rogatory-admin-token"] }),
    })
    .describe("The Matrix homeserver on which the bots have their accounts."),
  dataDirectory: FilePath.default("data").describe(
    "Folder for the embedded database, the lock, the control socket and the log; only the owner can read it.",
  ),
  database: z
    .strictObject({
      kind: z
        .enum(["pglite", "postgresql"])
        .default("pglite")
        .describe(
          "pglite: files in the data directory, for trials and development (a power cut may lose data); postgresql: for real cases.",
        ),
      urlFile: FilePath.optional()
        .describe(
          "File with the connection URL of PostgreSQL, if it is not in the environment variable ROGATORY_DATABASE_URL.",
        )
        .meta({ examples: ["/run/secrets/rogatory-database-url"] }),
    })
    .prefault({})
    .describe("Where everything is kept: cases, keys and messages that are still to be sent."),
  vault: z
    .strictObject({
      masterKeyFile: FilePath.optional()
        .describe(
          "File with the master key, if it is not in the environment variable ROGATORY_MASTER_KEY: 64 hexadecimal digits, made by `openssl rand -hex 32`. Keep a copy elsewhere: without it nothing in the database can be read.",
        )
        .meta({ examples: ["/run/secrets/rogatory-master-key"] }),
    })
    .prefault({})
    .describe("The key that seals the content of the database."),
  bots: z
    .strictObject({
      registrar: Localpart.default("rogatory_registrar").describe(
        "Account that makes rooms and looks after people in them.",
      ),
      clerk: Localpart.default("rogatory_clerk").describe(
        "Account for meetings, actions and requests.",
      ),
      scribe: Localpart.default("rogatory_scribe").describe(
        "Account for takeaways and outcome reports.",
      ),
    })
    .prefault({})
    .describe(
      "Names of the bots' accounts on the homeserver. They must lie in the namespace of the registration; two or all three may be the same.",
    ),
  operators: z
    .array(UserId)
    .default([])
    .describe(
      "Matrix ids of the people who run the deployment: bots take invitations from them, and they create cases in a direct conversation with the registrar.",
    )
    .meta({ examples: [["@operator:example.org"]] }),
  operatorsRoom: z
    .strictObject({
      dailyLogEnd: z
        .boolean()
        .default(true)
        .describe(
          "Say once a day in the operators' room where the log of acts ends: its number of entries and its last hash. Compared with it, a log from whose end entries were taken, or a database that was set back, is found out.",
        ),
    })
    .prefault({})
    .describe("What the operators are told in their room."),
  rooms: z
    .strictObject({
      templates: FilePath.optional()
        .describe(
          "Folder with room templates of your own, in the form of those in config/rooms of the package; a case file names one as its template. Names that Rogatory uses itself are refused.",
        )
        .meta({ examples: ["templates"] }),
      localPeople: z
        .enum(["invited", "by-space", "joined"])
        .default("invited")
        .describe(
          "How people of your own homeserver come into the rooms of a case. invited: an invitation to each room; by-space: one invitation to the space, from which they join the rooms by themselves; joined: the registrar joins them without asking, for which its account must be a server administrator of Synapse. People of other homeservers always come by the space.",
        ),
    })
    .prefault({})
    .describe("The rooms of cases."),
  commands: z
    .strictObject({
      requireSignedDevices: z
        .boolean()
        .default(true)
        .describe(
          "Act only on commands from devices that their owner has verified (cross-signed). Turn it off for trials only: then commands are also taken from devices that nobody has verified, which the homeserver itself could have added; but still none whose sender is forged, whose device is unknown, whose sender's identity was exchanged, or that was read with a restored key.",
        ),
    })
    .prefault({})
    .describe("How chat commands are taken."),
  log: z
    .strictObject({
      level: z
        .enum(["error", "warn", "info", "debug"])
        .default("info")
        .describe("How much is logged. No level logs names, contents or keys."),
    })
    .prefault({})
    .describe("The technical log."),
  metrics: z
    .strictObject({
      listen: z
        .string()
        .regex(
          /^(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/,
          "an address of this machine with a port, such as 127.0.0.1:9464",
        )
        .optional()
        .describe(
          "Address of this machine at which metrics are served over HTTP for Prometheus, at /metrics. Nothing is served without it.",
        )
        .meta({ examples: ["127.0.0.1:9464"] }),
    })
    .prefault({})
    .describe("Numbers for monitoring: sent, failed and undecryptable messages, and delays."),
  clock: z
    .strictObject({
      startAt: z.iso
        .datetime({ offset: true })
        .optional()
        .describe(
          "The instant that the program takes for the present when it starts. For demonstrations only.",
        )
        .meta({ examples: ["2026-12-01T08:00:00Z"] }),
    })
    .prefault({})
    .describe("The clock of the whole program."),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

/** A configuration with absolute paths and full Matrix ids. It holds no secret, only where they are. */
export interface Config {
  /** The file it was read from. */
  readonly file: string;
  readonly homeserver: {
    /** Without a slash at the end. */
    readonly url: string;
    readonly serverName: string;
    readonly registrationFile: string;
  };
  readonly dataDirectory: string;
  readonly paths: {
    /** PGlite's files. */
    readonly database: string;
    readonly lock: string;
    readonly socket: string;
    readonly logs: string;
  };
  readonly database: { readonly kind: "pglite" | "postgresql" };
  readonly bots: {
    readonly registrar: UserId;
    readonly clerk: UserId;
    readonly scribe: UserId;
  };
  readonly operators: readonly UserId[];
  readonly operatorsRoom: { readonly dailyLogEnd: boolean };
  readonly rooms: {
    /** Folder of the organisation's own templates. */
    readonly templates: string | undefined;
    readonly localPeople: LocalWay;
  };
  readonly commands: { readonly requireSignedDevices: boolean };
  readonly log: { readonly level: "error" | "warn" | "info" | "debug" };
  readonly metrics: {
    readonly listen: { readonly host: string; readonly port: number } | undefined;
  };
  readonly clock: { readonly startAt: Temporal.Instant | undefined };
  /** Where the secrets are; give them to `databaseLocation` and `readMasterKey`. */
  readonly secrets: {
    readonly databaseUrl: SecretSource;
    readonly masterKey: SecretSource;
    /** Neither file nor value where there is none. */
    readonly adminToken: SecretSource;
  };
}

/** A secret from the environment, or the file that holds it. As `readMasterKey` of the vault takes it. */
export interface SecretSource {
  readonly file?: string;
  readonly value?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads rogatory.yaml; relative paths in it start from its own folder.
 *
 * @throws RogatoryError `config.missing` or `config.invalid`: one line for each thing that is wrong,
 * with its line in the file
 */
export function loadConfig(path: string, environment: Environment = process.env): Config {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new RogatoryError(
      "config.missing",
      `The configuration ${file} cannot be read: copy config/rogatory.example.yaml there and adapt it, or name another file with --config.`,
      { cause },
    );
  }
  return completeConfig(
    readYaml(text, { fileName: path, errorCode: "config.invalid" }, ConfigFile, checkFile),
    file,
    environment,
  );
}

/** Where the database is. Reads the URL of PostgreSQL, which is a secret. */
export function databaseLocation(
  config: Config,
):
  | { readonly kind: "pglite"; readonly directory: string }
  | { readonly kind: "postgresql"; readonly url: string } {
  if (config.database.kind === "pglite") {
    return { kind: "pglite", directory: config.paths.database };
  }
  const { value, file } = config.secrets.databaseUrl;
  return { kind: "postgresql", url: (value ?? readSecretFile(file)).trim() };
}

/** The token of a server administrator; undefined where none is configured. */
export function readAdminToken({ secrets: { adminToken } }: Config): string | undefined {
  if (adminToken.value === undefined && adminToken.file === undefined) return undefined;
  if (adminToken.value !== undefined) return adminToken.value.trim();
  try {
    return readFileSync(adminToken.file ?? "", "utf8").trim();
  } catch (cause) {
    throw new RogatoryError(
      "config.admin-token",
      `The file ${adminToken.file} with the administrator's token cannot be read: check the path and its permissions.`,
      { cause },
    );
  }
}

function checkFile({ database }: ConfigFile) {
  return database.kind === "pglite" && database.urlFile !== undefined
    ? [
        {
          path: ["database", "urlFile"],
          message: "is for PostgreSQL only: set kind to postgresql, or remove it",
        },
      ]
    : [];
}

function completeConfig(content: ConfigFile, file: string, environment: Environment): Config {
  const from = (path: string) => resolve(dirname(file), path);
  const secret = (name: string, path: string | undefined): SecretSource => {
    const value = environment[name];
    if (value !== undefined && value !== "") return { value };
    return path === undefined ? {} : { file: from(path) };
  };
  const account = (localpart: string) =>
    UserId.parse(`@${localpart}:${content.homeserver.serverName}`);
  const dataDirectory = from(content.dataDirectory);
  const { startAt } = content.clock;
  return {
    file,
    homeserver: {
      url: content.homeserver.url.replace(/\/+$/, ""),
      serverName: content.homeserver.serverName,
      registrationFile: from(content.homeserver.registrationFile),
    },
    dataDirectory,
    paths: {
      database: join(dataDirectory, "database"),
      lock: join(dataDirectory, "owner.lock"),
      socket: join(dataDirectory, "control.sock"),
      logs: join(dataDirectory, "logs"),
    },
    database: { kind: content.database.kind },
    bots: {
      registrar: account(content.bots.registrar),
      clerk: account(content.bots.clerk),
      scribe: account(content.bots.scribe),
    },
    operators: content.operators,
    operatorsRoom: content.operatorsRoom,
    rooms: {
      templates: content.rooms.templates === undefined ? undefined : from(content.rooms.templates),
      localPeople: content.rooms.localPeople,
    },
    commands: content.commands,
    log: content.log,
    metrics: { listen: readAddress(content.metrics.listen) },
    clock: { startAt: startAt === undefined ? undefined : Temporal.Instant.from(startAt) },
    secrets: {
      databaseUrl: secret("ROGATORY_DATABASE_URL", content.database.urlFile),
      masterKey: secret("ROGATORY_MASTER_KEY", content.vault.masterKeyFile),
      adminToken: secret("ROGATORY_ADMIN_TOKEN", content.homeserver.adminTokenFile),
    },
  };
}

function readAddress(listen: string | undefined) {
  if (listen === undefined) return undefined;
  const { hostname, port } = new URL(`http://${listen}`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port === "" ? 80 : port) };
}

function readSecretFile(path: string | undefined): string {
  if (path === undefined) {
    throw new RogatoryError(
      "config.database-url",
      "No PostgreSQL database is configured: set ROGATORY_DATABASE_URL in the environment, or database.urlFile.",
    );
  }
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RogatoryError(
      "config.database-url",
      `The file ${path} with the database URL cannot be read: check the path and its permissions.`,
      { cause },
    );
  }
}
