import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageDirectory } from "../../src/config/paths.ts";
import { rogatory } from "./rogatory.ts";

const sample = join(packageDirectory(), "config/case.jit.example.yaml");

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rogatory-case-"));
  await writeFile(join(cwd, "key"), randomBytes(32).toString("hex"));
  await writeFile(
    join(cwd, "rogatory.yaml"),
    `homeserver:
  url: http://localhost:8008
  serverName: example.org
  registrationFile: registration.yaml
vault:
  masterKeyFile: key
`,
  );
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("rogatory on cases", () => {
  it("creates a case, lists it by code, shows it with a reason, and runs a command in it", async () => {
    const created = await rogatory(["case", "new", "--from", sample, "--json"], { cwd });
    expect(created).toMatchObject({ code: 0, errors: "" });
    const { code } = JSON.parse(created.output);

    const list = await rogatory(["case", "list"], { cwd });
    expect(list.output).toMatch(new RegExp(`^${code}  jit .* 5 +0 of 3$`, "m"));
    expect(list.output).not.toContain("NIGHTJAR");

    const shown = await rogatory(["case", "show", code, "--reason", "a test"], { cwd });
    expect(shown.output).toContain(`${code}: NIGHTJAR (jit, Europe/Bucharest)`);

    const words = ["15", "December", "2026", "at", "09:30", "for", "2h:", "EIO", "wave"];
    const options = ["--case", "nightjar", "--reason", "a test"];
    const schedule = await rogatory(["meeting", "schedule", ...options, ...words], { cwd });
    expect(schedule).toMatchObject({ code: 0, errors: "" });
    const meetings = await rogatory(["meeting", "list", ...options, "--json"], { cwd });
    expect(JSON.parse(meetings.output)).toMatchObject({
      text: expect.stringContaining("EIO wave"),
    });
  }, 120_000);

  it("asks for a reason before it shows anything", async () => {
    for (const args of [
      ["case", "show", "NIGHTJAR"],
      ["meeting", "list", "--case", "NIGHTJAR"],
    ]) {
      const { code, errors } = await rogatory(args, { cwd });
      expect(code).toBe(1);
      expect(errors).toContain("required option '--reason <text>' not specified");
    }
  });

  it("says which line of a case file is wrong", async () => {
    await writeFile(join(cwd, "case.yaml"), "template: jit\nnames: X\n");
    const { code, errors } = await rogatory(["case", "new", "--from", "case.yaml"], { cwd });
    expect(code).toBe(1);
    expect(errors).toContain("case.yaml, line 2: names is not a known setting");
  }, 60_000);

  it("says what to do without a configuration", async () => {
    const { code, errors } = await rogatory(["case", "list", "--config", "none.yaml"], { cwd });
    expect(code).toBe(1);
    expect(errors).toContain("copy config/rogatory.example.yaml there");
  });

  it("offers the chat commands by noun, with what they take and examples", async () => {
    expect((await rogatory(["--help"])).output).toMatch(/meeting +the !meeting commands/);
    const { output } = await rogatory(["meeting", "schedule", "--help"]);
    expect(output).toContain("schedule a meeting");
    expect(output).toContain("Examples:");
  });
});
