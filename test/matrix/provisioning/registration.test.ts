import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createRegistration,
  readRegistration,
  writeRegistration,
} from "../../../src/matrix/provisioning/registration.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rogatory-registration-"));
  path = join(directory, "inner", "registration.yaml");
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("the application-service registration", () => {
  it("asks for what the bots need and nothing more", () => {
    const registration = createRegistration({ serverName: "example.org" });
    expect(registration).toMatchObject({
      id: "rogatory",
      url: null,
      sender_localpart: "rogatory_service",
      rate_limited: false,
      namespaces: { users: [{ exclusive: true, regex: "@rogatory_.*:example\\.org" }] },
      "io.element.msc4190": true,
    });
    expect(registration.as_token).toMatch(/^[0-9a-f]{64}$/);
    expect(registration.hs_token).toMatch(/^[0-9a-f]{64}$/);
    expect(registration.as_token).not.toBe(registration.hs_token);
  });

  it("claims the bots of its own server and no others", () => {
    fc.assert(
      fc.property(fc.domain(), fc.stringMatching(/^[a-z0-9]{1,12}$/), (serverName, name) => {
        const { regex } = createRegistration({ serverName }).namespaces.users[0] ?? { regex: "" };
        const pattern = new RegExp(`^${regex}$`);
        expect(pattern.test(`@rogatory_${name}:${serverName}`)).toBe(true);
        expect(pattern.test(`@${name}:${serverName}`)).toBe(false);
        expect(pattern.test(`@rogatory_${name}:${serverName.replace(".", "x")}`)).toBe(false);
      }),
    );
  });

  it("is written for its owner only and read back as it was", async () => {
    const registration = createRegistration({ serverName: "localhost:8448" });
    await writeRegistration(path, registration);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readRegistration(path)).toEqual(registration);
  });

  it("is never overwritten unless asked for", async () => {
    await writeRegistration(path, createRegistration({ serverName: "a.example" }));
    const before = await readFile(path, "utf8");
    const other = createRegistration({ serverName: "b.example" });
    await expect(writeRegistration(path, other)).rejects.toMatchObject({
      code: "registration-exists",
    });
    expect(await readFile(path, "utf8")).toBe(before);
    await writeRegistration(path, other, { replace: true });
    expect(await readRegistration(path)).toEqual(other);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("keeps fields that it does not know", async () => {
    const registration = createRegistration({ serverName: "a.example" });
    await writeRegistration(path, { ...registration, protocols: ["x"] });
    expect(await readRegistration(path)).toMatchObject({ protocols: ["x"] });
  });

  it.each([
    ["id: a\n", "as_token"],
    ["a: [", "BAD"],
    ["just text", "registration-invalid"],
  ])("says what is wrong with %j", async (text) => {
    const wrong = join(directory, "wrong.yaml");
    await writeFile(wrong, text);
    await expect(readRegistration(wrong)).rejects.toMatchObject({ code: "registration-invalid" });
  });

  it("says that a file is missing", async () => {
    await expect(readRegistration(path)).rejects.toMatchObject({ code: "registration-missing" });
  });
});
