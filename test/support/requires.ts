import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "vitest";

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

/**
 * For a test that needs a program of the system: skips it with the name of the package to install,
 * but fails it where CI is set, because there everything must be tested. Use as `beforeEach(requires(...))`
 * or call the result with a test's context.
 *
 * @param packageName Debian package that has the program
 * @param program name on the path
 */
export function requires(packageName: string, program: string): (context: TestContext) => void {
  return (context) => {
    if (isInstalled(program)) return;
    const sentence = `${program} is not installed: install the package ${packageName}`;
    if (process.env.CI !== undefined && process.env.CI !== "") throw new Error(sentence);
    context.skip(sentence);
  };
}
