import { readdirSync } from "node:fs";
import { join } from "node:path";
import { programDirectory } from "../config/paths.ts";

/** Nouns that mean something else on the command line. */
const reserved = new Set(["help", "case"]);

/** The nouns of the chat commands: the names of their folders, known without loading them. */
export function commandNouns(): readonly string[] {
  return readdirSync(join(programDirectory(), "commands"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !reserved.has(entry.name))
    .map(({ name }) => name)
    .sort();
}
