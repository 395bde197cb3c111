import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { register } from "../../src/cli/case.ts";
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
    expect(list.output).toMatch(new RegExp(`^${code}  jit +negotiation .* 5 +0 of 4$`, "m"));
    expect(list.output).not.toContain("NIGHTJAR");

    const shown = await rogatory(["case", "show", code, "--reason", "a test"], { cwd });
    expect(shown.output).toContain(`${code}: NIGHTJAR (jit, Europe/Bucharest, negotiation)`);

    const words = ["15", "December", "2026", "at", "09:30", "for", "2h:", "EIO", "wave"];
    const options = ["--case", "nightjar", "--reason", "a test"];
    const schedule = await rogatory(["meeting", "schedule", ...options, ...words], { cwd });
    expect(schedule).toMatchObject({ code: 0, errors: "" });
    const meetings = await rogatory(["meeting", "list", ...options, "--json"], { cwd });
    expect(JSON.parse(meetings.output)).toMatchObject({
      text: expect.stringContaining("EIO wave"),
    });
  }, 120_000);

  it("shows a plan, applies it only with consent, and adds nothing the second time", async () => {
    const caseFile = join(cwd, "dunlin.yaml");
    const roster = join(cwd, "people.csv");
    await writeFile(caseFile, "template: jit\nname: DUNLIN\ntimeZone: Europe/Brussels\n");
    await writeFile(roster, "localpart;function;state;role\nbe;Judge;BE;leader\n");
    const files = ["--from", caseFile, "--roster", roster];
    const plan = await rogatory(["case", "plan", ...files], { cwd });
    expect(plan.output).toMatch(/JIT-\?{4} · coordination +new +members of the space +1/);
    expect(plan.output).toMatch(
      /@be:example.org +new +Judge +BE +leader +50 +an invitation to each/,
    );

    expect(plan.output).toContain("The homeserver could not be asked which of these people");

    const refused = await rogatory(["case", "apply", ...files], { cwd });
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain("Nothing was done. To do what the plan says, repeat");
    const applied = await rogatory(["case", "apply", ...files, "--yes"], { cwd });
    expect(applied.output).toMatch(/^Created: JIT-/);
    for (const verb of ["plan", "apply", "new"]) {
      const args = ["case", verb, ...files, ...(verb === "plan" ? [] : ["--yes"]), "--json"];
      const silent = await rogatory(args, { cwd });
      expect(silent).toMatchObject({ code: 1, output: "" });
      expect(JSON.parse(silent.errors)).toEqual({
        error: {
          code: verb === "new" ? "case.name-taken" : "case.reason",
          message: expect.stringContaining("--reason"),
        },
      });
      expect(silent.errors).not.toMatch(/JIT-|@be/);
    }
    files.push("--reason", "a test");
    const again = await rogatory(["case", "apply", ...files, "--yes"], { cwd });
    expect(again.output).toContain("nothing was added");
    const shown = await rogatory(["case", "plan", ...files, "--json"], { cwd });
    expect(JSON.parse(shown.output)).toMatchObject({
      code: expect.stringMatching(/^JIT-/),
      people: [{ exists: true, way: "invited" }],
    });
  }, 180_000);

  it("answers every sub-command in JSON alone, mistakes included", async () => {
    const group = new Command();
    await register(group);
    const leaves = (command: Command): readonly Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
    const named = leaves(group);
    expect(named.length).toBeGreaterThan(10);
    for (const leaf of named) {
      expect(
        leaf.options.map(({ long }) => long),
        leaf.name(),
      ).toContain("--json");
    }
    const list = await rogatory(["case", "list", "--json"], { cwd });
    const [{ code }] = JSON.parse(list.output);
    for (const args of [
      ["show", code],
      ["show", code, "--reason", "a test"],
      ["check", code],
      ["check", "NIGHTJAR", "--reason", "a test"],
      ["export", code, "--to", "as-json", "--reason", "a test"],
      ["state", "--case", code, "--reason", "a test"],
      ["plan", "--from", sample, "--reason", "a test"],
      ["apply", "--from", sample, "--reason", "a test", "--yes"],
    ]) {
      const { output, errors, code: exit } = await rogatory(["case", ...args, "--json"], { cwd });
      expect({ exit, errors }, args.join(" ")).toEqual({ exit: 0, errors: "" });
      expect(() => JSON.parse(output), args.join(" ")).not.toThrow();
    }
    for (const args of [
      ["check", "NIGHTJAR"],
      ["certificate", code],
      ["export", code],
      ["apply", "--from", sample, "--reason", "a test"],
    ]) {
      const { output, errors, code: exit } = await rogatory(["case", ...args, "--json"], { cwd });
      expect({ exit, output }, args.join(" ")).toEqual({ exit: 1, output: "" });
      expect(JSON.parse(errors)).toMatchObject({ error: { code: expect.any(String) } });
    }
  }, 240_000);

  it("asks for a reason before it shows anything", async () => {
    for (const args of [
      ["case", "export", "NIGHTJAR", "--to", "export"],
      ["case", "close", "NIGHTJAR"],
      ["meeting", "list", "--case", "NIGHTJAR"],
    ]) {
      const { code, errors } = await rogatory(args, { cwd });
      expect(code).toBe(1);
      expect(errors).toContain("required option '--reason <text>' not specified");
    }
  });

  it("shows of a case without a reason what the homeserver may know too", async () => {
    const list = await rogatory(["case", "list", "--json"], { cwd });
    const [{ code }] = JSON.parse(list.output);
    const shown = await rogatory(["case", "show", code], { cwd });
    expect(shown.output).toContain(`${code} (jit, negotiation)`);
    expect(shown.output).toContain("people: 5; rooms: 0 of 4");
    expect(shown.output).not.toMatch(/NIGHTJAR|prosecutor/i);
    const named = await rogatory(["case", "show", "NIGHTJAR"], { cwd });
    expect(named.code).toBe(1);
    expect(named.errors).toContain("A real name needs --reason");
  }, 60_000);

  it("changes the state of a case and its agreement, exports it, closes it and keeps the sums right", async () => {
    const list = await rogatory(["case", "list", "--json"], { cwd });
    const [{ code }] = JSON.parse(list.output);
    const options = ["--case", code, "--reason", "a test"];
    const shown = await rogatory(["case", "agreement", ...options], { cwd });
    expect(shown).toMatchObject({ code: 0, output: expect.stringContaining("Agreement: draft") });
    const signed = await rogatory(["case", "state", ...options, "signed"], { cwd });
    expect(signed.output).toContain("is now signed");
    const extended = await rogatory(["case", "agreement", "extend", ...options, "2028-06-30"], {
      cwd,
    });
    expect(extended.output).toContain("to 30 June 2028");

    const exporting = ["case", "export", code, "--to", "export", "--reason", "a test"];
    expect(await rogatory(exporting, { cwd })).toMatchObject({ code: 0, errors: "" });
    const sums = (await readFile(join(cwd, "export/SHA256SUMS"), "utf8")).trimEnd().split("\n");
    expect(sums.map((line) => line.split("  ")[1])).toEqual([
      ...["agreement", "roster", "meetings", "actions", "requests", "takeaways"].map(
        (part) => `${part}.json`,
      ),
      ...["log.jsonl", "case.md"],
    ]);
    for (const line of sums) {
      const [sum, name = ""] = line.split("  ");
      const text = await readFile(join(cwd, "export", name));
      expect(createHash("sha256").update(text).digest("hex"), name).toBe(sum);
    }
    expect(await readFile(join(cwd, "export/case.md"), "utf8")).toContain("NIGHTJAR");
    const again = await rogatory(exporting, { cwd });
    expect(again.errors).toContain("Not all files were written");

    const early = await rogatory(["case", "close", code, "--reason", "a test"], { cwd });
    expect(early.errors).toContain("!case state post-operational");
    await rogatory(["case", "state", ...options, "post-operational"], { cwd });
    const closed = await rogatory(
      ["case", "close", code, "--reason", "a test", "--to", "kept", "--json"],
      { cwd },
    );
    expect(JSON.parse(closed.output)).toMatchObject({ code, state: "closed" });
    const kept = await readFile(join(cwd, "kept/case.md"), "utf8");
    expect(kept).toContain("Left out, because it may not be kept: actions, request-texts");
    const none = await rogatory(["case", "certificate", code], { cwd });
    expect(none.errors).toContain("has been destroyed yet");
  }, 240_000);

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
