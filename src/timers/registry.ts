import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { programDirectory } from "../config/paths.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { AnyTimer } from "./timer.ts";

const TimerModule = z.object({
  default: z.custom<AnyTimer>(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      "kind" in value &&
      ("handle" in value || "handleWithoutCase" in value),
    "a timer file exports what defineTimer or defineDeploymentTimer returns as its default",
  ),
});

/** Loads every `src/timers/<noun>/<timer>.ts`: a new timer is one new file. */
export async function loadTimers(): Promise<readonly AnyTimer[]> {
  const folder = join(programDirectory(), "timers");
  const timers: AnyTimer[] = [];
  for (const noun of await readdir(folder, { withFileTypes: true })) {
    if (!noun.isDirectory()) continue;
    for (const file of await readdir(join(folder, noun.name))) {
      if (!/^[a-z-]+\.(ts|js)$/.test(file)) continue;
      const url = pathToFileURL(join(folder, noun.name, file)).href;
      const timer = TimerModule.parse(await import(url)).default;
      if (timers.some(({ kind }) => kind === timer.kind)) {
        throw new RogatoryError("timer.duplicate", `Two timers are called ${timer.kind}.`);
      }
      timers.push(timer);
    }
  }
  return timers;
}
