import { parseArgs } from "node:util";
import { z } from "zod";
import { findPostgresql } from "../src/dev/chaos/postgresql.ts";
import { RogatoryError } from "../src/domain/errors.ts";

export const parts = ["round-trip", "rooms", "sessions", "provisioning", "indexeddb"] as const;

const Options = z.strictObject({
  rooms: z.coerce.number().int().positive().default(1000),
  sessions: z.coerce.number().int().positive().default(100_000),
  trips: z.coerce.number().int().positive().default(50),
  database: z.enum(["pglite", "postgresql"]),
  only: z.enum(parts).optional(),
});
export type Options = z.output<typeof Options>;

/** @throws RogatoryError `bench.usage` */
export function readOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rooms: { type: "string" },
        sessions: { type: "string" },
        trips: { type: "string" },
        only: { type: "string" },
        postgresql: { type: "boolean" },
        pglite: { type: "boolean" },
      },
    });
    const { postgresql = hasPostgresql(), pglite = false, ...same } = values;
    return Options.parse({ ...same, database: postgresql && !pglite ? "postgresql" : "pglite" });
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new RogatoryError(
      "bench.usage",
      `Usage: npm run bench -- [--rooms 1000] [--sessions 100000] [--trips 50] [--postgresql | --pglite] [--only ${parts.join("|")}]\n${why}`,
      { cause },
    );
  }
}

function hasPostgresql(): boolean {
  return (process.env.DATABASE_URL ?? "") !== "" || findPostgresql() !== undefined;
}
