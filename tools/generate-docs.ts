// npm run docs: writes the pages that follow from declarations, schemas and data. With --check it
// writes nothing and fails with the names of those that are not current.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandsPage } from "./documents/commands.ts";
import { configurationExample, configurationPage } from "./documents/configuration.ts";
import { dataModelPage } from "./documents/data-model.ts";
import { instrumentsPage } from "./documents/instruments.ts";

const ROOT = join(import.meta.dirname, "..");

/** Path from the project's folder, and the text that should stand there. */
export async function generateDocuments(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/commands.md", await commandsPage()],
    ["docs/configuration.md", configurationPage()],
    ["config/rogatory.example.yaml", configurationExample()],
    ["docs/data-model.md", await dataModelPage()],
    ["docs/instruments.md", instrumentsPage()],
  ]);
}

/** Paths of the files in `root` that say something else, or are not there. */
export function staleDocuments(documents: ReadonlyMap<string, string>, root: string): string[] {
  return [...documents].filter(([path, text]) => read(join(root, path)) !== text).map(([p]) => p);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const documents = await generateDocuments();
  const stale = staleDocuments(documents, ROOT);
  if (process.argv.includes("--check")) {
    for (const path of stale) process.stderr.write(`${path} is not current: npm run docs\n`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const path of stale) {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), documents.get(path) ?? "");
      process.stdout.write(`written: ${path}\n`);
    }
  }
}
