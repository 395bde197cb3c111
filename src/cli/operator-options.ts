import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Command, Option } from "commander";
import { loadConfig } from "../config/config.ts";
import { terminal } from "../dev/terminal.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { Operations } from "../process/operation-shapes.ts";

export interface OperatorOptions {
  readonly config: string;
  readonly json?: true;
}

export interface ReasonOption {
  readonly reason: string;
}

/** What every sub-command that works on cases takes. */
export function withOperatorOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--config <path>", "the configuration")
        .env("ROGATORY_CONFIG")
        .default("rogatory.yaml"),
    )
    .option("--json", "answer in JSON, for programs");
}

/** Who looks at the content of a case says why; it stands in the case's log. */
export function withReason(command: Command): Command {
  return command.requiredOption("--reason <text>", "why, for the log of the case");
}

/** Runs operations where the database is: in the running process, or here. */
export async function operate<T>(
  options: OperatorOptions,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const config = loadConfig(options.config);
  // The database is a large part of the program: --help does not wait for it.
  const { withOperations } = await import("../process/with-operations.ts");
  return withOperations(config, work);
}

/** Shows a result, as JSON if that was asked for. */
export function show<T>(
  options: OperatorOptions,
  result: T,
  asText: (result: T) => readonly string[],
): void {
  if (options.json === true) terminal.line(JSON.stringify(result, undefined, 2));
  else for (const line of asText(result)) terminal.line(line);
}

/**
 * Writes files that hold case content into a folder, for nobody else to read.
 *
 * @throws RogatoryError `output.not-written`
 */
export async function writeFiles(
  folder: string,
  files: readonly { readonly name: string; readonly text: string }[],
): Promise<readonly string[]> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const { name, text } of files) {
      await writeFile(join(folder, basename(name)), text, { flag: "wx", mode: 0o600 });
    }
  } catch (cause) {
    throw new RogatoryError(
      "output.not-written",
      `Not all files were written to ${folder}: some exist already, or it cannot be written to. Name a new folder.`,
      { cause },
    );
  }
  return files.map(({ name }) => join(folder, basename(name)));
}
