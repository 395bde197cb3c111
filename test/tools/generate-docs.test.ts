import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCommands } from "../../src/commands/registry.ts";
import { loadConfig } from "../../src/config/config.ts";
import { generateDocuments, staleDocuments } from "../../tools/generate-docs.ts";

let documents: ReadonlyMap<string, string>;
let folder: string;

beforeAll(async () => {
  documents = await generateDocuments();
  folder = await mkdtemp(join(tmpdir(), "rogatory-docs-"));
});

afterAll(() => rm(folder, { recursive: true }));

describe("the generated documents", () => {
  it("are the same every time", async () => {
    expect(await generateDocuments()).toEqual(documents);
  });

  it("are called stale exactly where the files say something else", async () => {
    for (const [path, text] of documents) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    expect(staleDocuments(documents, folder)).toEqual([]);
    await writeFile(join(folder, "docs/commands.md"), "old");
    await rm(join(folder, "docs/instruments.md"));
    expect(staleDocuments(documents, folder)).toEqual(["docs/commands.md", "docs/instruments.md"]);
  });

  it("describe every command with each of its examples", async () => {
    const page = documents.get("docs/commands.md");
    for (const { name, examples } of await loadCommands()) {
      expect(page).toContain(`\n### !${name}\n`);
      for (const example of examples) expect(page).toContain(`\n!${example}\n`);
    }
  });

  it("give a sample configuration that is valid as it is, and with every setting taken in", async () => {
    const sample = documents.get("config/rogatory.example.yaml") ?? "";
    const path = join(folder, "rogatory.yaml");
    await writeFile(path, sample);
    const asIs = loadConfig(path, {});
    expect(asIs.bots.clerk).toBe("@rogatory_clerk:example.org");
    const all = sample
      .replaceAll(/^#(?=\s*\w+:)/gm, (mark, at: number) =>
        sample[at + 1] === " " && sample[at + 2] !== " " ? mark : "",
      )
      .replace("kind: pglite", "kind: postgresql");
    await writeFile(path, all);
    const full = loadConfig(path, {});
    expect(full.clock.startAt?.toString()).toBe("2026-12-01T08:00:00Z");
    expect(full.secrets.databaseUrl.file).toBe("/run/secrets/rogatory-database-url");
    expect(full.metrics.listen).toEqual({ host: "127.0.0.1", port: 9464 });
    expect(full.rooms.templates).toBe(join(folder, "templates"));
    const { database, clock, metrics, rooms, secrets } = asIs;
    expect({ ...full, database, clock, metrics, rooms, secrets }).toEqual(asIs);
  });

  it("tell sealed columns from plain ones", () => {
    const page = documents.get("docs/data-model.md") ?? "";
    const section = (name: string) =>
      page.split("\n## ").find((part) => part.startsWith(`${name}\n`));
    expect(section("case_file")).toMatch(/`profile` .*\*\*sealed\*\*/);
    expect(section("case_file")).toMatch(/`code` .*plain/);
    expect(section("meeting")).toMatch(/`details` .*\*\*sealed\*\*/);
    expect(section("outbox")).toMatch(/`progress` .*\*\*sealed\*\*/);
  });
});
