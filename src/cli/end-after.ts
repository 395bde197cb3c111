import { terminal } from "../dev/terminal.ts";
import { reportError } from "./errors.ts";

/**
 * For a command that opens a crypto store in this process: ends the program when it is done. Time
 * limits of the SDK's requests that have long ended would hold it open for another minute.
 */
export function endAfter<A extends readonly unknown[]>(
  work: (...args: A) => Promise<void>,
): (...args: A) => Promise<never> {
  return async (...args) => {
    try {
      await work(...args);
    } catch (error) {
      const verbose = process.argv.includes("--verbose");
      process.exitCode = reportError(error, { terminal, verbose });
    }
    await drain(process.stdout);
    await drain(process.stderr);
    return process.exit();
  };
}

function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
