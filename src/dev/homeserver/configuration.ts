import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { makeDirectory, writePrivateFile } from "./disk.ts";
import { type Federation, federationListener, federationSettings } from "./federation.ts";

export interface HomeserverSettings {
  readonly directory: string;
  readonly port: number;
  readonly serverName: string;
  /** Paths of application-service registration files. */
  readonly registrations: readonly string[];
  /** Left out: it speaks with no other homeserver. */
  readonly federation?: Federation | undefined;
  /** Its log is written at the level DEBUG, and kept whole. */
  readonly debug?: boolean | undefined;
}

/** Where a development homeserver keeps its things. */
export function homeserverFiles(directory: string) {
  const inside = (name: string) => resolve(directory, name);
  return {
    configuration: inside("homeserver.yaml"),
    logConfiguration: inside("log.yaml"),
    log: inside("homeserver.log"),
    output: inside("output.log"),
    database: inside("homeserver.db"),
    media: inside("media"),
    signingKey: inside("signing.key"),
    registrationSecret: inside("registration_shared_secret"),
    macaroonSecret: inside("macaroon_secret"),
    formSecret: inside("form_secret"),
    certificate: inside("certificate.pem"),
    certificateKey: inside("certificate-key.pem"),
    process: inside("process.json"),
    lock: inside("lock"),
  };
}

/**
 * Writes homeserver.yaml and what it names; secrets are made once per directory and kept.
 *
 * Synapse's defaults stand wherever they say nothing about leaving this machine, its rate limits
 * above all: what works here must work on a real homeserver.
 *
 * @returns the registration shared secret, and whether homeserver.yaml changed
 */
export async function writeConfiguration(
  settings: HomeserverSettings,
): Promise<{ registrationSharedSecret: string; changed: boolean }> {
  const { directory, port, serverName, federation } = settings;
  const files = homeserverFiles(directory);
  await makeDirectory(directory);

  const registrationSharedSecret = await keepSecret(files.registrationSecret);
  await keepSecret(files.macaroonSecret);
  await keepSecret(files.formSecret);
  if (!existsSync(files.signingKey)) {
    const key = randomBytes(32).toString("base64").replaceAll("=", "");
    const keyId = `a_${randomBytes(2).toString("hex")}`;
    await writePrivateFile(files.signingKey, `ed25519 ${keyId} ${key}\n`);
  }
  await writePrivateFile(
    files.logConfiguration,
    stringify(logConfiguration(files.log, settings.debug === true)),
  );

  const before = await readFile(files.configuration, "utf8").catch(() => "");
  const text = stringify({
    server_name: serverName,
    public_baseurl: `http://127.0.0.1:${port}/`,
    listeners: [
      {
        type: "http",
        tls: false,
        port,
        bind_addresses: ["127.0.0.1"],
        resources: [{ names: ["client", "openid"], compress: false }],
      },
      ...(federation === undefined ? [] : [federationListener(federation)]),
    ],
    database: { name: "sqlite3", args: { database: files.database } },
    media_store_path: files.media,
    signing_key_path: files.signingKey,
    log_config: files.logConfiguration,
    registration_shared_secret_path: files.registrationSecret,
    macaroon_secret_key_path: files.macaroonSecret,
    form_secret_path: files.formSecret,
    enable_registration: false,
    // Passwords here are random and on this machine only; hashing 39 of them takes 13 s otherwise.
    bcrypt_rounds: 4,
    app_service_config_files: settings.registrations.map((path) => resolve(path)),
    // Nothing leaves this machine.
    ...federationSettings(federation, files),
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    url_preview_enabled: false,
    report_stats: false,
    push: { enabled: false },
  });
  const changed = text !== before;
  if (changed) await writePrivateFile(files.configuration, text);
  return { registrationSharedSecret, changed };
}

async function keepSecret(path: string): Promise<string> {
  if (existsSync(path)) {
    const kept = (await readFile(path, "utf8")).trim();
    if (kept !== "") return kept;
  }
  const secret = randomBytes(32).toString("hex");
  await writePrivateFile(path, `${secret}\n`);
  return secret;
}

function logConfiguration(path: string, debug: boolean) {
  return {
    version: 1,
    formatters: {
      precise: {
        format: "%(asctime)s - %(name)s - %(lineno)d - %(levelname)s - %(request)s - %(message)s",
      },
    },
    handlers: {
      file: {
        class: "logging.handlers.RotatingFileHandler",
        formatter: "precise",
        filename: path,
        maxBytes: 20_000_000,
        backupCount: debug ? 1000 : 2,
        encoding: "utf8",
      },
    },
    loggers: { "synapse.storage.SQL": { level: "INFO" } },
    root: { level: debug ? "DEBUG" : "INFO", handlers: ["file"] },
    disable_existing_loggers: false,
  };
}

/** The default place of the development homeserver's data, in the folder one works in. */
export function defaultDirectory(): string {
  return join(process.cwd(), ".rogatory", "homeserver");
}
