import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import type { Terminal } from "../dev/terminal.ts";
import { RogatoryError } from "../domain/errors.ts";

/**
 * Tells an error to the person at the terminal and gives the exit code.
 *
 * The details of an unexpected error may hold names or contents, so they are shown only when asked
 * for; the reference ties a report to a run.
 */
export function reportError(
  error: unknown,
  to: { readonly terminal: Terminal; readonly verbose: boolean; readonly json?: boolean },
): 1 {
  if (to.json === true) return reportAsJson(error, to.terminal);
  if (error instanceof RogatoryError) {
    to.terminal.error(`rogatory: ${error.message} [${error.code}]`);
    if (to.verbose && error.cause !== undefined) to.terminal.error(inspect(error.cause));
    return 1;
  }
  const reference = randomBytes(4).toString("hex");
  const advice = to.verbose ? "please report it" : "run it again with --verbose for the details";
  to.terminal.error(
    `rogatory: Something unexpected went wrong (reference ${reference}): ${advice}. [unexpected]`,
  );
  if (to.verbose) to.terminal.error(inspect(error));
  return 1;
}

/** One object on standard error; standard output has results only. */
function reportAsJson(error: unknown, terminal: Terminal): 1 {
  const known = error instanceof RogatoryError;
  const reported = known
    ? { code: error.code, message: error.message }
    : {
        code: "unexpected",
        message: "Something unexpected went wrong: run it again with --verbose, without --json.",
        reference: randomBytes(4).toString("hex"),
      };
  terminal.error(JSON.stringify({ error: reported }));
  return 1;
}
