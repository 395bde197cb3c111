import { parseArgs } from "node:util";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";

const WholeNumber = z.coerce.number().int().nonnegative();

export const ChaosOptions = z.strictObject({
  /** How often the bots' process is ended with SIGKILL. */
  kills: WholeNumber.default(50),
  homeserverRestarts: WholeNumber.default(5),
  /** How often all database connections of the bots are cut; PostgreSQL only. */
  databaseCuts: WholeNumber.default(10),
  /** How long people talk and things break; the time to settle comes on top. */
  minutes: z.coerce.number().positive().default(5),
  /**
   * For how many minutes of that time a second homeserver, on which half of the people are, is away;
   * with 0 everybody is on one.
   */
  farOutage: z.coerce.number().nonnegative().default(0),
  /** With `postgresql`, ROGATORY_CHAOS_DATABASE_URL or else a server of its own. */
  database: z.enum(["pglite", "postgresql"]).default("pglite"),
  /** Keeps what the run wrote even if nothing was wrong. */
  keep: z.boolean().default(false),
  seed: WholeNumber.default(() => Math.floor(Math.random() * 2 ** 32)),
});
export type ChaosOptions = z.output<typeof ChaosOptions>;

/** @throws RogatoryError `chaos.usage` */
export function readOptions(args: readonly string[]): ChaosOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        kills: { type: "string" },
        "homeserver-restarts": { type: "string" },
        "database-cuts": { type: "string" },
        minutes: { type: "string" },
        "far-outage": { type: "string" },
        database: { type: "string" },
        seed: { type: "string" },
        keep: { type: "boolean" },
      },
    });
    const {
      "homeserver-restarts": homeserverRestarts,
      "database-cuts": databaseCuts,
      "far-outage": farOutage,
      ...same
    } = values;
    return ChaosOptions.parse({ ...same, homeserverRestarts, databaseCuts, farOutage });
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new RogatoryError(
      "chaos.usage",
      `Usage: npm run chaos -- [--kills 50] [--homeserver-restarts 5] [--database-cuts 10] [--minutes 5] [--far-outage MINUTES] [--database pglite|postgresql] [--seed NUMBER] [--keep]\n${why}`,
      { cause },
    );
  }
}
