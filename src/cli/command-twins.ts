import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command as Program } from "commander";
import type { Command as ChatCommand } from "../commands/command.ts";
import { loadCommands } from "../commands/registry.ts";
import { RogatoryError } from "../domain/errors.ts";
import {
  type OperatorOptions,
  operate,
  type ReasonOption,
  show,
  withOperatorOptions,
  withReason,
} from "./operator-options.ts";

export interface TwinOptions extends OperatorOptions, ReasonOption {
  readonly case: string;
  readonly output: string;
}

/** Makes the sub-commands of one noun from the declarations of its chat commands. */
export async function registerTwins(program: Program, noun: string): Promise<void> {
  const group = program
    .command(noun)
    .description(`the !${noun} commands of a case, without a room`);
  await addTwins(group, noun);
}

/** Adds them to sub-commands that are there already. */
export async function addTwins(group: Program, noun: string): Promise<void> {
  const commands = (await loadCommands()).filter(({ name }) => name.split(" ")[0] === noun);
  const taken = new Set(group.commands.map((child) => child.name()));
  for (const command of commands) {
    const words = command.name.split(" ").slice(1);
    const last = words.pop();
    const parent = words.reduce(childOf, group);
    if (last === undefined) describe(childWithoutVerb(group, command), command);
    // For operators another sub-command has taken the place.
    else if (words.length === 0 && taken.has(last)) continue;
    else if (commands.some(({ name }) => name.startsWith(`${command.name} `))) {
      describe(childOf(parent, last).command("show", { isDefault: true }), command);
    } else describe(childOf(parent, last), command);
  }
}

/**
 * A chat command that is the noun alone: what is typed when no other verb follows. It cannot be the
 * group itself, whose obligatory options commander would ask of every other verb.
 */
function childWithoutVerb(group: Program, { aliases }: ChatCommand): Program {
  const alias = aliases.find((name) => name.startsWith(`${group.name()} `));
  return group.command(alias?.split(" ")[1] ?? "run", { isDefault: true });
}

function childOf(parent: Program, name: string): Program {
  return parent.commands.find((child) => child.name() === name) ?? parent.command(name);
}

function describe(twin: Program, command: ChatCommand): void {
  const takes = command.arguments.map(({ usage, summary }) => `  ${usage}  ${summary}`);
  const examples = command.examples.map((example) => `  ${example}`);
  withReason(withOperatorOptions(twin))
    .description(command.summary)
    .requiredOption("--case <name>", "code or real name of the case")
    .option("--output <folder>", "where the files of an answer are written", ".")
    .argument("[words...]", "as typed in a room; after -- if a word begins with a hyphen")
    .addHelpText(
      "after",
      [...(takes.length === 0 ? [] : ["", "In a room it takes:", ...takes]), "", "Examples:"]
        .concat(examples)
        .join("\n"),
    )
    .action((words: string[], options: TwinOptions) => runTwin(command, words, options));
}

/** Runs a chat command as an operator has typed it. */
export async function runTwin(
  command: Pick<ChatCommand, "name">,
  words: readonly string[],
  options: TwinOptions,
): Promise<void> {
  const line = [`!${command.name}`, ...words].join(" ");
  const answer = await operate(options, (ask) =>
    ask["command.run"]({ case: options.case, line, reason: options.reason }),
  );
  const files: string[] = [];
  if (options.json !== true) {
    for (const { fileName, bytesBase64 } of answer.attachments) {
      files.push(await save(options.output, fileName, Buffer.from(bytesBase64, "base64")));
    }
  }
  show(options, answer, ({ text }) => [text, ...files.map((path) => `Written: ${path}`)]);
}

async function save(folder: string, fileName: string, bytes: Buffer): Promise<string> {
  const path = join(folder, basename(fileName));
  try {
    // An earlier draft may hold corrections made by hand.
    await writeFile(path, bytes, { flag: "wx", mode: 0o600 });
    return path;
  } catch (cause) {
    throw new RogatoryError(
      "output.not-written",
      `${path} was not written: it exists already, or its folder cannot be written to. Name another folder with --output.`,
      { cause },
    );
  }
}
