import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { packageDirectory } from "../../src/config/paths.ts";
import { CaseProfile } from "../../src/domain/case/case.ts";
import { PersonProfile } from "../../src/domain/case/person.ts";
import { type CaseHarness, openCaseHarness } from "./case-harness.ts";

const CaseFile = CaseProfile.extend({
  template: z.string(),
  roster: z.array(PersonProfile.extend({ localpart: z.string() })),
});

const ScriptFile = z.strictObject({
  clock: z.string().transform((text) => Temporal.ZonedDateTime.from(text)),
  steps: z.array(z.strictObject({ who: z.string(), room: z.string(), say: z.string().min(1) })),
});

function read(name: string): unknown {
  return parse(readFileSync(join(packageDirectory(), "demo", "nightjar", name), "utf8"));
}

export const nightjarCase = CaseFile.parse(read("case.yaml"));
export const nightjarScript = ScriptFile.parse(read("script.yaml"));

/** JIT NIGHTJAR on a real database, on Tuesday 1 December 2026 at 10:15 in Bucharest. */
export async function openNightjar(): Promise<CaseHarness> {
  const { template, roster, ...profile } = nightjarCase;
  return openCaseHarness({
    template,
    profile,
    people: roster,
    now: nightjarScript.clock.toInstant().toString(),
  });
}
