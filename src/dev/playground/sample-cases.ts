import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { packageDirectory } from "../../config/paths.ts";

/** The demonstration's cases, with the two people of the playground in place of their rosters. */
const SAMPLES = [
  {
    id: "jit",
    source: "nightjar",
    roster: [
      { localpart: "leader", function: "Prosecutor, JIT leader", state: "RO", role: "leader" },
      { localpart: "member", function: "Police officer", state: "BE", role: "member" },
    ],
  },
  {
    id: "workshop",
    source: "thb-focus-group-4",
    roster: [
      { localpart: "leader", function: "Co-chair", body: "Eurojust", role: "co-chair" },
      { localpart: "member", function: "Prosecutor", state: "BE", role: "participant" },
    ],
  },
] as const;

export interface SampleCase {
  readonly id: string;
  /** The content of a case file. */
  readonly yaml: string;
}

export async function sampleCases(): Promise<readonly SampleCase[]> {
  return Promise.all(
    SAMPLES.map(async ({ id, source, roster }) => {
      const path = join(packageDirectory(), "demo", source, "case.yaml");
      const content = z.record(z.string(), z.unknown()).parse(parse(await readFile(path, "utf8")));
      const people = roster.map((person) => ({
        ...person,
        ...{ languages: ["en"], timeZone: "Europe/Amsterdam" },
      }));
      return { id, yaml: stringify({ ...content, roster: people }) };
    }),
  );
}
