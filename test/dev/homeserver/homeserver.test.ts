import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { liftRateLimit, registerAccount } from "../../../src/dev/homeserver/accounts.ts";
import { homeserverFiles } from "../../../src/dev/homeserver/configuration.ts";
import {
  findHomeserver,
  startHomeserver,
  stopHomeserver,
} from "../../../src/dev/homeserver/homeserver.ts";
import { startTestHomeserver, type TestHomeserver } from "../../support/homeserver.ts";

let homeserver: TestHomeserver;

beforeAll(async () => {
  homeserver = await startTestHomeserver();
});

afterAll(async () => {
  await homeserver.stop();
  expect(existsSync(homeserver.directory)).toBe(false);
});

async function request(path: string, token: string, method = "GET", body?: object) {
  const response = await fetch(`${homeserver.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

describe("the development homeserver", () => {
  it("listens on loopback only and keeps its secrets to its owner", async () => {
    const files = homeserverFiles(homeserver.directory);
    const configuration = parse(await readFile(files.configuration, "utf8"));
    expect(configuration.listeners).toHaveLength(1);
    expect(configuration.listeners[0].bind_addresses).toEqual(["127.0.0.1"]);
    for (const path of [files.registrationSecret, files.macaroonSecret, files.signingKey]) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    expect(homeserver.registrationSharedSecret).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is cut off from the world and leaves Synapse's rate limits as they are", async () => {
    const { configuration } = homeserverFiles(homeserver.directory);
    const settings = parse(await readFile(configuration, "utf8"));
    expect(settings).toMatchObject({
      federation_domain_whitelist: [],
      trusted_key_servers: [],
      url_preview_enabled: false,
      report_stats: false,
      enable_registration: false,
      push: { enabled: false },
    });
    expect(Object.keys(settings).filter((key) => key.startsWith("rc_"))).toEqual([]);
  });

  it("registers people with a device, and frees one from the rate limits", async () => {
    const admin = await registerAccount(homeserver, { localpart: "root", admin: true });
    const anna = await registerAccount(homeserver, { localpart: "anna", displayName: "Anna" });
    expect(anna.userId).toBe("@anna:rogatory.localhost");
    const whoami = await request("/_matrix/client/v3/account/whoami", anna.accessToken);
    expect(whoami.body).toMatchObject({ user_id: anna.userId, device_id: anna.deviceId });
    const path = `/_matrix/client/v3/profile/${anna.userId}/displayname`;
    expect((await request(path, anna.accessToken)).body).toEqual({ displayname: "Anna" });

    await liftRateLimit(homeserver, admin.accessToken, anna.userId);
    const rooms = Array.from({ length: 12 }, () =>
      request("/_matrix/client/v3/createRoom", anna.accessToken, "POST", {
        preset: "private_chat",
      }),
    );
    expect((await Promise.all(rooms)).map(({ status }) => status)).toEqual(Array(12).fill(200));

    await expect(liftRateLimit(homeserver, anna.accessToken, anna.userId)).rejects.toMatchObject({
      code: "homeserver-refused",
    });
    await expect(registerAccount(homeserver, { localpart: "anna" })).rejects.toThrow(
      "M_USER_IN_USE",
    );
  });

  it("lets the bots in by their registration, with devices made without a login", async () => {
    const token = homeserver.registration.as_token;
    const registered = await request("/_matrix/client/v3/register", token, "POST", {
      type: "m.login.application_service",
      username: "rogatory_clerk",
      inhibit_login: true,
    });
    expect(registered.status).toBe(200);
    const user = encodeURIComponent("@rogatory_clerk:rogatory.localhost");
    const device = await request(
      `/_matrix/client/v3/devices/CLERK1?user_id=${user}`,
      token,
      "PUT",
      {},
    );
    expect(device.status).toBe(201);
  });

  it("is one per directory: starting it again takes the one that runs", async () => {
    const again = await startHomeserver({
      directory: homeserver.directory,
      port: "free",
      registrations: [join(homeserver.directory, "registration.yaml")],
    });
    expect(again.pid).toBe(homeserver.pid);
    expect(again.url).toBe(homeserver.url);
  });

  it("keeps its accounts over a restart, on the same port", async () => {
    const eva = await registerAccount(homeserver, { localpart: "eva" });
    const restarted = await homeserver.restart();
    expect(restarted.url).toBe(homeserver.url);
    expect(restarted.pid).not.toBe(homeserver.pid);
    const whoami = await request("/_matrix/client/v3/account/whoami", eva.accessToken);
    expect(whoami.body).toMatchObject({ device_id: eva.deviceId });
  });

  it("cannot be renamed once it has data", async () => {
    const renamed = startHomeserver({
      directory: homeserver.directory,
      port: "free",
      serverName: "other.localhost",
      registrations: [],
    });
    await expect(renamed).rejects.toMatchObject({ code: "server-name-fixed" });
  });
});

describe("a homeserver that cannot start", () => {
  let directory: string;
  const start = (options: object) =>
    startHomeserver({ directory, port: "free", registrations: [], ...options });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "rogatory-homeserver-"));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("says that its port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toMatchObject({ code: "port-taken" });
    await new Promise((resolve) => other.close(resolve));
  });

  it("says that a registration file is missing", async () => {
    const missing = start({ registrations: [join(directory, "missing.yaml")] });
    await expect(missing).rejects.toMatchObject({ code: "registration-missing" });
  });

  it("says why Synapse ended, and where to read more", async () => {
    const wrong = join(directory, "wrong.yaml");
    await writeFile(wrong, "id: only\n");
    const failed = start({ registrations: [wrong] });
    await expect(failed).rejects.toMatchObject({
      code: "homeserver-ended",
      message: expect.stringContaining("output.log"),
    });
    expect(await findHomeserver(directory)).toBeUndefined();
  });

  it("says that its directory cannot be written to", async () => {
    await writeFile(join(directory, "file"), "");
    await expect(start({ directory: join(directory, "file", "inner") })).rejects.toMatchObject({
      code: "disk-not-writable",
    });
  });
});

it("stopping never signals a process that only has the recorded number", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rogatory-homeserver-"));
  const stale = { pid: process.pid, url: "http://127.0.0.1:1", serverName: "x" };
  await writeFile(homeserverFiles(directory).process, JSON.stringify(stale));
  expect(await findHomeserver(directory)).toBeUndefined();
  await stopHomeserver(directory);
  expect(existsSync(homeserverFiles(directory).process)).toBe(false);
  await rm(directory, { recursive: true });
});
