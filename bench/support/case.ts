import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Deployment } from "./ground.ts";
import { rogatory } from "./subject.ts";

/** Makes a JIT of one person, its leader; the bots must not run. */
export async function openCase(
  { configuration, environment }: Deployment,
  localpart: string,
): Promise<void> {
  const caseFile = join(dirname(configuration), "case.yaml");
  await writeFile(
    caseFile,
    stringify({
      ...{ template: "jit", name: localpart, timeZone: "Europe/Brussels" },
      roster: [{ localpart, function: "Prosecutor", state: "BE", role: "leader" }],
    }),
  );
  await rogatory(environment, "case", "new", "--from", caseFile, "--config", configuration);
}
