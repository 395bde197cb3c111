import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { tryOwnerLock } from "../../src/process/owner-lock.ts";
import { rogatory } from "./rogatory.ts";

const caseFile = `
template: jit
name: HERON
timeZone: Europe/Brussels
roster:
  - { localpart: leader, function: Prosecutor, state: BE, role: leader }
`;

// Each call starts the program with a database of its own.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
let code: string;

function run(...args: string[]) {
  return rogatory([...args, "--config", join(folder, "rogatory.yaml")], { cwd: folder });
}

const newKey = () => `${randomBytes(32).toString("hex")}\n`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rogatory-cli-"));
  await writeFile(join(folder, "master.key"), newKey());
  await writeFile(join(folder, "next.key"), newKey());
  await writeFile(join(folder, "case.yaml"), caseFile);
  await writeFile(
    join(folder, "rogatory.yaml"),
    `homeserver: { url: "http://127.0.0.1:9", serverName: example.org, registrationFile: none.yaml }
vault: { masterKeyFile: master.key }
`,
  );
  const { output } = await run("case", "new", "--from", "case.yaml", "--json");
  code = JSON.parse(output).code;
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("rogatory log", () => {
  it("verifies the log, and an export of it without database and key", async () => {
    const verified = await run("log", "verify");
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.output).toContain("Nothing was changed, removed or moved.");
    const end = /--since (\S+)/.exec(verified.output)?.[1] ?? "";
    expect(await run("log", "verify", "--since", end)).toMatchObject({ code: 0 });
    const wrong = await run("log", "verify", "--since", `999:${"0".repeat(64)}`);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining("is shorter now") });
    const file = join(folder, "log.jsonl");
    const reason = ["--reason", "audit"];
    const exported = await run(
      "log",
      "export",
      "--case",
      code,
      ...reason,
      "--output",
      file,
      "--json",
    );
    expect(exported.code).toBe(0);
    const { publicKey } = JSON.parse(exported.output);

    const checked = await rogatory(["log", "verify", "--file", file, "--key", publicKey]);
    expect(checked).toMatchObject({ code: 0 });
    const stranger = await rogatory(["log", "verify", "--file", file, "--key", "x"]);
    expect(stranger.code).toBe(1);

    const forged = join(folder, "forged.jsonl");
    const text = await readFile(file, "utf8");
    await writeFile(forged, text.replace("case.create", "case.delete"));
    const found = await rogatory(["log", "verify", "--file", forged]);
    expect(found.code).toBe(1);
    expect(found.output).toContain("entry 1: it was changed after it was written");
  });
});

describe("rogatory case shred", () => {
  it("without --yes only shows what it would destroy", async () => {
    const { code: exit, output } = await run("case", "shred", code, "--reason", "over");
    expect(exit).toBe(1);
    expect(output).toContain("HERON");
    expect(output).toContain("add --yes");
    expect((await run("case", "list")).output).toContain(code);
    const file = join(folder, "preview.jsonl");
    await run("log", "export", "--case", code, "--reason", "audit", "--output", file);
    expect(await readFile(file, "utf8")).toMatch(
      /"act":"case.shred-plan","details":{"reason":"over"}/,
    );
  });
});

describe("rogatory keys rotate", () => {
  it("is refused while the bots run", async () => {
    const lock = tryOwnerLock(join(folder, "data", "owner.lock"));
    const { code: exit, errors } = await run("keys", "rotate", "--new-master-key-file", "next.key");
    lock?.release();
    expect(exit).toBe(1);
    expect(errors).toContain("bots.running");
  });

  it("lets only the new key open the database, and may be repeated", async () => {
    const rotated = await run("keys", "rotate", "--new-master-key-file", "next.key");
    expect(rotated).toMatchObject({ code: 0 });
    expect(rotated.output).toContain("vault.masterKeyFile");
    const before = await run("case", "list");
    expect(before.errors).toContain("vault.wrong-key");
    const again = await run("keys", "rotate", "--new-master-key-file", "next.key");
    expect(again.output).toContain("nothing was changed");
    await writeFile(join(folder, "master.key"), await readFile(join(folder, "next.key")));
    expect((await run("case", "list")).output).toContain(code);
    expect((await run("log", "verify")).code).toBe(0);
  });
});

describe("rogatory case shred --yes", () => {
  it("needs no homeserver for a case whose rooms were never made, and writes the certificate", async () => {
    const args = ["--reason", "entered by mistake", "--yes", "--output", folder];
    const shredded = await run("case", "shred", "HERON", ...args);
    expect(shredded).toMatchObject({ code: 0 });
    const certificate = JSON.parse(await readFile(join(folder, `${code}-shredding.json`), "utf8"));
    expect(certificate.case.code).toBe(code);
    const markdown = await readFile(join(folder, `${code}-shredding.md`), "utf8");
    expect(markdown).toContain("What remains elsewhere");
    expect(markdown).not.toContain("HERON");
    expect((await run("case", "list")).output).not.toContain(code);
    expect((await run("log", "verify")).code).toBe(0);
    expect((await run("case", "shred", code, ...args)).code).toBe(0);
  });
});
