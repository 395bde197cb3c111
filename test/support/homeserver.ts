import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DEFAULT_SERVER_NAME,
  type Homeserver,
  startHomeserver,
} from "../../src/dev/homeserver/homeserver.ts";
import {
  createRegistration,
  type Registration,
  writeRegistration,
} from "../../src/matrix/provisioning/registration.ts";

export interface TestHomeserver extends Homeserver {
  readonly directory: string;
  /** The application service of the bots. */
  readonly registration: Registration;
}

/**
 * A fresh homeserver on a free port with the bots' application service; `await using` it, or call
 * `stop` in `afterAll`, which also deletes its data.
 */
export async function startTestHomeserver(
  serverName = DEFAULT_SERVER_NAME,
): Promise<TestHomeserver & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "rogatory-homeserver-"));
  const registration = createRegistration({ serverName });
  const registrationPath = join(directory, "registration.yaml");
  await writeRegistration(registrationPath, registration);
  const homeserver = await startHomeserver({
    directory,
    port: "free",
    serverName,
    registrations: [registrationPath],
  });
  const stop = async () => {
    await homeserver.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { ...homeserver, directory, registration, stop, [Symbol.asyncDispose]: stop };
}
