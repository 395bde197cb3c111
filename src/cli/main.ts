import { Command, CommanderError } from "commander";
import { packageVersion } from "../config/paths.ts";
import { terminal } from "../dev/terminal.ts";
import { RogatoryError } from "../domain/errors.ts";
import { reportError } from "./errors.ts";
import { SUBCOMMANDS } from "./subcommands.ts";

/** Runs the `rogatory` program and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const program = new Command("rogatory")
    .description("Encrypted Matrix rooms and secretarial bots for joint investigation teams")
    .version(packageVersion())
    .option("--verbose", "show the technical details of errors")
    .showSuggestionAfterError()
    .showHelpAfterError("Run rogatory --help for what there is.")
    .exitOverride();
  if (json) program.configureOutput({ writeErr: () => {} }).showHelpAfterError(false);
  try {
    await registerSubcommands(program, args);
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (json && error.exitCode !== 0) {
        reportError(new RogatoryError("usage", error.message), { terminal, verbose: false, json });
      }
      return error.exitCode;
    }
    return reportError(error, { terminal, verbose: args.includes("--verbose"), json });
  }
}

/**
 * Loads only the file of the sub-command that was asked for, so that `--version` and `--help` do
 * not wait for the whole program; the others are named in the help.
 */
async function registerSubcommands(program: Command, args: readonly string[]): Promise<void> {
  const operands = args.filter((argument) => !argument.startsWith("-"));
  const [first, second] = operands;
  const asked = first === "help" ? second : first;
  for (const { name, summary, load } of SUBCOMMANDS) {
    if (name === asked) await (await load()).register(program);
    else program.command(name).description(summary);
  }
}

// Ending by itself lets pipes drain; what still holds the program open was meant to.
process.exitCode = await main(process.argv.slice(2));
