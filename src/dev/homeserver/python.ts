import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";

const run = promisify(execFile);

const OLDEST_MINOR = 10;

const CANDIDATES = [
  "python3",
  "python3.14",
  "python3.13",
  "python3.12",
  "python3.11",
  "python3.10",
  "python",
];

const PROBE = `
import importlib.util, json, sys
print(json.dumps({
  "executable": sys.executable,
  "version": list(sys.version_info[:3]),
  "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
}))`;

const Probe = z.object({
  executable: z.string().min(1),
  version: z.tuple([z.int(), z.int(), z.int()]),
  venv: z.boolean(),
});

export interface Python {
  readonly executable: string;
  /** Such as `3.11.7`. */
  readonly version: string;
}

/**
 * A Python that can run Synapse: 3.10 or later, with the modules that make virtual environments.
 *
 * @param candidates names on the path, or paths; the first that suits is taken
 * @throws RogatoryError `python-missing`, `python-too-old` or `python-without-venv`
 */
export async function findPython(candidates: readonly string[] = CANDIDATES): Promise<Python> {
  let tooOld: string | undefined;
  let withoutVenv: string | undefined;
  for (const candidate of candidates) {
    const found = await probe(candidate);
    if (found === undefined) continue;
    const version = found.version.join(".");
    const [major, minor] = found.version;
    if (major !== 3 || minor < OLDEST_MINOR) tooOld ??= version;
    else if (!found.venv) withoutVenv ??= version;
    else return { executable: found.executable, version };
  }
  if (withoutVenv !== undefined) {
    throw new RogatoryError(
      "python-without-venv",
      `Python ${withoutVenv} cannot make virtual environments: install its venv module (on Debian and Ubuntu the package python3-venv) and try again.`,
    );
  }
  if (tooOld !== undefined) {
    throw new RogatoryError(
      "python-too-old",
      `The development homeserver needs Python 3.${OLDEST_MINOR} or later and found ${tooOld}: install a newer Python and try again.`,
    );
  }
  throw new RogatoryError(
    "python-missing",
    `The development homeserver needs Python 3.${OLDEST_MINOR} or later and found none: install python3 (with its venv module) and try again.`,
  );
}

async function probe(candidate: string): Promise<z.infer<typeof Probe> | undefined> {
  try {
    const { stdout } = await run(candidate, ["-c", PROBE], { timeout: 20_000 });
    return Probe.parse(JSON.parse(stdout));
  } catch {
    // Not installed, or a stand-in that only says how to install it.
    return undefined;
  }
}
