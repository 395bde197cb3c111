import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";
import { EuMemberStates } from "../domain/report/participation.ts";
import {
  Instrument,
  type InstrumentCatalogue,
  StatusMachine,
} from "../domain/request/instrument.ts";
import { configDirectory } from "./paths.ts";

const STATUSES = "statuses.yaml";

let loaded: InstrumentCatalogue | undefined;

/**
 * The instruments of `config/instruments/`, in the order of their file names.
 *
 * @throws RogatoryError `instruments.invalid`, with the path of what is wrong
 */
export function instrumentCatalogue(): InstrumentCatalogue {
  loaded ??= loadInstruments(configDirectory());
  return loaded;
}

/** The same from another configuration directory. */
export function loadInstruments(directory: string): InstrumentCatalogue {
  const folder = join(directory, "instruments");
  const instruments = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && name !== STATUSES)
    .sort()
    .map((name) => read(join(folder, name), Instrument));
  const union = read(join(directory, "reports", "eu-member-states.yaml"), EuMemberStates);
  refuseUnknownReplacements(instruments);
  return {
    instruments,
    statuses: read(join(folder, STATUSES), StatusMachine),
    isMemberState: (state, onDay) =>
      union.memberStates.some(
        ({ code, since, until }) =>
          code === state &&
          Temporal.PlainDate.compare(since, onDay) <= 0 &&
          (until === undefined || Temporal.PlainDate.compare(onDay, until) <= 0),
      ),
  };
}

function read<T>(path: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(parse(readFileSync(path, "utf8")));
  if (result.success) return result.data;
  throw new RogatoryError("instruments.invalid", `${path}: ${z.prettifyError(result.error)}`);
}

function refuseUnknownReplacements(instruments: readonly Instrument[]): void {
  const codes = new Set(instruments.map(({ code }) => code));
  if (codes.size !== instruments.length) {
    throw new RogatoryError("instruments.invalid", "config/instruments: a code is there twice.");
  }
  for (const { code, notParticipating } of instruments) {
    for (const { use } of notParticipating) {
      if (use.instrument === undefined || codes.has(use.instrument)) continue;
      throw new RogatoryError(
        "instruments.invalid",
        `config/instruments: ${code} names the unknown instrument ${use.instrument}.`,
      );
    }
  }
}
