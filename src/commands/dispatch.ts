import type { Outcome } from "../documents/message/outcome.ts";
import { onlyReads } from "../domain/case/capability.ts";
import { RogatoryError } from "../domain/errors.ts";
import { nearest } from "../domain/text/nearest.ts";
import { showBoards } from "../services/board/show-boards.ts";
import { UsageError } from "./argument.ts";
import type { Command, CommandContext } from "./command.ts";
import { requirePermission } from "./permission.ts";

/** What a message asks for, before anybody has looked at who asks. */
export type Addressed =
  | { readonly kind: "command"; readonly command: Command; readonly argumentText: string }
  | { readonly kind: "unknown"; readonly typed: string; readonly guess: Command | undefined };

/** Recognises a command line. Undefined if the message is none: people also just shout "!". */
export function recognise(commands: readonly Command[], body: string): Addressed | undefined {
  const line = /^\s*!([a-z][\s\S]*)$/i.exec(body)?.[1];
  if (line === undefined) return undefined;
  const names = commands.flatMap((command) =>
    [command.name, ...command.aliases].map((name) => ({ name, command })),
  );
  const match = names
    .filter(({ name }) => startsWithWords(line, name))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (match !== undefined) {
    const words = match.name.split(" ").length;
    const argumentText = line.replace(new RegExp(`^(\\S+\\s*){${words}}`), "");
    return { kind: "command", command: match.command, argumentText };
  }
  const typed = line.trim().split(/\s+/).slice(0, 2);
  const guess =
    nearest(
      typed.join(" "),
      names.map(({ name }) => name),
    ) ??
    nearest(
      typed[0] ?? "",
      names.map(({ name }) => name),
    ) ??
    names.find(({ name }) => name.startsWith(`${(typed[0] ?? "").toLowerCase()} `))?.name;
  return {
    kind: "unknown",
    typed: typed.join(" "),
    guess: names.find(({ name }) => name === guess)?.command,
  };
}

/**
 * Checks the permission, reads the arguments and runs the handler.
 *
 * @throws RogatoryError `command.denied`, `command.state`, `command.usage`, or what the service found wrong; the
 * caller rolls its transaction back and shows the sentence
 */
export async function run(
  command: Command,
  argumentText: string,
  context: CommandContext,
): Promise<Outcome> {
  requirePermission(context.capabilities, context.case, command.capability);
  const handler = readOrExplain(command, argumentText, context);
  const outcome = await handler(context);
  // In the transaction of the act; who only reads has changed nothing that boards show.
  if (!onlyReads(command.capability)) await showBoards(context.work, context.bots);
  return outcome;
}

function readOrExplain(command: Command, argumentText: string, context: CommandContext) {
  try {
    return command.parse(argumentText, context);
  } catch (error) {
    if (!(error instanceof RogatoryError)) throw error;
    const example = command.examples[0];
    const usage = `Usage: ${command.usage}${example === undefined ? "" : ` — for example: !${example}`}`;
    throw new UsageError(`${error.message}\n${usage}`);
  }
}

function startsWithWords(line: string, name: string): boolean {
  const words = line.toLowerCase().split(/\s+/);
  return name.split(" ").every((word, index) => words[index] === word);
}
