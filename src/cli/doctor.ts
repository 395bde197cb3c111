import { resolve } from "node:path";
import type { Command } from "commander";
import { terminal } from "../dev/terminal.ts";
import { describeError } from "../domain/errors.ts";
import { type Check, checks } from "./checks.ts";

export function register(program: Command): void {
  program
    .command("doctor")
    .description("check that this machine has what Rogatory needs")
    .option("--data <path>", "data directory to check", ".rogatory")
    .action(async (options: { readonly data: string }) => {
      const failures = await examine(checks(resolve(options.data)));
      terminal.line();
      terminal.line(
        failures === 0
          ? "Everything needed to run is there."
          : "Something needed to run is missing: see the lines marked failed.",
      );
      if (failures > 0) process.exitCode = 1;
    });
}

/** Shows a line for each check and gives the number of those that stop the program from running. */
async function examine(list: readonly Check[]): Promise<number> {
  let failures = 0;
  for (const { subject, needed, run } of list) {
    try {
      terminal.item("ok", `${subject}: ${await run()}`);
    } catch (error) {
      terminal.item(needed ? "failed" : "warning", `${subject}: ${describeError(error)}`);
      if (needed) failures += 1;
    }
  }
  return failures;
}
