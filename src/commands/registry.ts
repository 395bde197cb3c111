import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { programDirectory } from "../config/paths.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { Command } from "./command.ts";

const CommandModule = z.object({
  default: z.custom<Command>(
    (value) => typeof value === "object" && value !== null && "parse" in value && "name" in value,
    "a command file exports what defineCommand returns as its default",
  ),
});

/** Loads every `src/commands/<noun>/<command>.ts`: a new command is one new file. */
export async function loadCommands(): Promise<readonly Command[]> {
  const folder = join(programDirectory(), "commands");
  const commands: Command[] = [];
  for (const noun of await readdir(folder, { withFileTypes: true })) {
    if (!noun.isDirectory()) continue;
    for (const file of await readdir(join(folder, noun.name))) {
      if (!/^[a-z-]+\.(ts|js)$/.test(file)) continue;
      const url = pathToFileURL(join(folder, noun.name, file)).href;
      commands.push(CommandModule.parse(await import(url)).default);
    }
  }
  commands.sort((a, b) => (a.name < b.name ? -1 : 1));
  refuseDuplicates(commands);
  return commands;
}

function refuseDuplicates(commands: readonly Command[]): void {
  const seen = new Set<string>();
  for (const name of commands.flatMap((command) => [command.name, ...command.aliases])) {
    if (seen.has(name))
      throw new RogatoryError("command.duplicate", `Two commands are called !${name}.`);
    seen.add(name);
  }
}
