import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * Which folders of src/ each folder may import from (docs/architecture.md, "Layout"). Imports point
 * one way: what a folder is not allowed here is above it, or beside it on purpose.
 */
const RULES = {
  domain: [],
  config: ["domain"],
  vault: ["domain", "config", "db"],
  db: ["domain", "config", "vault"],
  documents: ["domain", "config"],
  matrix: ["domain", "config", "db", "vault"],
  services: ["domain", "config", "db", "vault", "documents"],
  commands: ["domain", "config", "db", "vault", "documents", "services", "signals", "timers"],
  signals: ["domain", "config", "db", "vault", "documents", "services", "commands", "timers"],
  timers: ["domain", "config", "db", "vault", "documents", "services", "commands", "signals"],
  bots: [
    ...["domain", "config", "db", "vault", "documents", "services"],
    ...["commands", "signals", "timers"],
  ],
  delivery: [
    ...["domain", "config", "db", "vault", "documents", "services"],
    ...["commands", "signals", "timers", "bots", "matrix"],
  ],
  process: [
    ...["domain", "config", "db", "vault", "documents", "services"],
    ...["commands", "signals", "timers", "bots", "matrix", "delivery"],
  ],
  dev: [
    ...["domain", "config", "db", "vault", "documents", "services"],
    ...["commands", "signals", "timers", "bots", "matrix", "delivery", "process"],
  ],
  cli: [
    ...["domain", "config", "db", "vault", "documents", "services"],
    ...["commands", "signals", "timers", "bots", "matrix", "delivery", "process", "dev"],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The pure rules know no clock, network, disk or database: what else they may use. */
const DOMAIN_PACKAGES = new Set(["zod", "chrono-node/en", "node:crypto"]);

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s(?:[^"'`;]*?\sfrom\s*)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']\s*\)/g;

export interface SourceFile {
  /** Relative to src/, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** One sentence for each import that points the wrong way. */
export function checkImports(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    importedNames(text).flatMap((name) => {
      const complaint = checkOne(path, name);
      return complaint === undefined ? [] : [`src/${path}: ${complaint}`];
    }),
  );
}

export function importedNames(text: string): string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, fixed, dynamic]) => fixed ?? dynamic ?? []);
}

function checkOne(path: string, name: string): string | undefined {
  const folder = path.split("/")[0] ?? "";
  const allowed = new Map<string, readonly string[]>(Object.entries(RULES)).get(folder);
  if (allowed === undefined) return `the folder ${folder} has no rule in tools/check-imports.ts`;
  if (!name.startsWith(".")) {
    return folder === "domain" && !DOMAIN_PACKAGES.has(name)
      ? `the domain is pure and must not import ${name}`
      : undefined;
  }
  const target = targetFolder(path, name);
  if (target === undefined) return `${name} leaves src`;
  if (target === folder || allowed.includes(target)) return undefined;
  return `${folder} must not import from ${target} (${name})`;
}

function targetFolder(path: string, name: string): string | undefined {
  const parts = path.split("/").slice(0, -1);
  for (const part of name.split("/")) {
    if (part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts[0];
}

export function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({
      path: relative(folder, join(folder, path)).split(sep).join("/"),
      text: readFileSync(join(folder, path), "utf8"),
    }));
}

if (import.meta.main) {
  const complaints = checkImports(readSources(join(import.meta.dirname, "..", "src")));
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
