import { randomBytes } from "node:crypto";
import { prepareEnvironment } from "../../src/dev/homeserver/environment.ts";
import { describeError } from "../../src/domain/errors.ts";

/**
 * Sets Synapse up once before all tests, so that no test's time limit has to allow for it. Where it
 * cannot be set up, the tests without a homeserver still run; the others say why they fail.
 */
export default async function prepare(): Promise<() => Promise<void>> {
  process.env.ROGATORY_TEST_RUN ??= randomBytes(4).toString("hex");
  const say = (text: string) => process.stderr.write(`${text}\n`);
  try {
    await prepareEnvironment({ onProgress: say });
  } catch (error) {
    say(`No homeserver for the tests: ${describeError(error)}`);
  }
  const { dropTestDatabases } = await import("./database.ts");
  return dropTestDatabases;
}
