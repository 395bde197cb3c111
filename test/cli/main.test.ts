import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rogatory } from "./rogatory.ts";

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rogatory-cli-"));
});

afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

describe("the rogatory program", () => {
  it("says its version", async () => {
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, "../../package.json"), "utf8"),
    );
    expect(await rogatory(["--version"])).toEqual({ code: 0, output: `${version}\n`, errors: "" });
  });

  it("names its sub-commands in the help", async () => {
    const { code, output } = await rogatory(["--help"]);
    expect(code).toBe(0);
    for (const name of ["doctor", "appservice", "homeserver"]) expect(output).toContain(name);
    expect((await rogatory(["help", "homeserver"])).output).toContain("status");
  });

  it("suggests the nearest sub-command for one that it does not know", async () => {
    const { code, errors } = await rogatory(["docter"]);
    expect(code).toBe(1);
    expect(errors).toContain("(Did you mean doctor?)");
  });

  it("tells an error that a person can act on in one line with its code", async () => {
    const { code, errors } = await rogatory(["homeserver", "logs"], { cwd });
    expect(code).toBe(1);
    expect(errors).toMatch(/^rogatory: There is no log in .* \[no-log\]\n$/);
  });

  it("says which option is wrong", async () => {
    const { code, errors } = await rogatory(["homeserver", "up", "--port", "99999"], { cwd });
    expect(code).toBe(1);
    expect(errors).toContain("a number from 1 to 65535");
  });
});

describe("rogatory doctor", () => {
  it("finds everything here and leaves nothing behind", async () => {
    const { code, output } = await rogatory(["doctor"], { cwd });
    expect(output).toMatch(/^ok +Node: 26/m);
    expect(output).toMatch(/^ok +Provisioning .*without request and native encryption$/m);
    expect(output).toMatch(/^ok +Encryption/m);
    expect(output).toMatch(/^ok +Database/m);
    expect(output).toMatch(/^ok +Data directory/m);
    expect(code).toBe(0);
    expect(await readdir(cwd)).toEqual([]);
  });

  it("only warns when Python is missing, for only the development homeserver needs it", async () => {
    const { code, output } = await rogatory(["doctor"], { cwd, environment: { PATH: cwd } });
    expect(output).toMatch(/^warning Python .*install python3/m);
    expect(code).toBe(0);
  });

  it("fails when the data directory cannot be used", async () => {
    await writeFile(join(cwd, "file"), "");
    const { code, output } = await rogatory(["doctor", "--data", "file/inner"], { cwd });
    expect(output).toMatch(/^failed +Data directory: .* cannot be written to/m);
    expect(code).toBe(1);
    await rm(join(cwd, "file"));
  });
});

describe("rogatory appservice", () => {
  it("writes a registration once and says what to do with it", async () => {
    const args = ["appservice", "--server-name", "example.org", "--output", "a.yaml"];
    const first = await rogatory(args, { cwd });
    expect(first.code).toBe(0);
    expect(first.output).toContain(`app_service_config_files:\n  - ${join(cwd, "a.yaml")}`);
    expect((await stat(join(cwd, "a.yaml"))).mode & 0o777).toBe(0o600);
    const before = await readFile(join(cwd, "a.yaml"), "utf8");
    expect(first.output).not.toContain(/as_token: (\w+)/.exec(before)?.[1] ?? "as_token");

    const second = await rogatory(args, { cwd });
    expect(second.code).toBe(1);
    expect(second.errors).toMatch(/--force .*\[registration-exists\]/);
    expect(await readFile(join(cwd, "a.yaml"), "utf8")).toBe(before);

    expect((await rogatory([...args, "--force"], { cwd })).code).toBe(0);
    expect(await readFile(join(cwd, "a.yaml"), "utf8")).not.toBe(before);
  });
});
