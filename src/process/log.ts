import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { destination, pino } from "pino";
import { describeError, RogatoryError } from "../domain/errors.ts";

/** Names of what happened and a few harmless values: never content, names of people, or keys. */
export interface Log {
  debug(event: string, values?: LogValues): void;
  info(event: string, values?: LogValues): void;
  warn(event: string, values?: LogValues): void;
  error(event: string, values?: LogValues): void;
}

export type LogValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes JSON lines to `rogatory.log` in the given folder. */
export function openLog(folder: string, level: "error" | "warn" | "info" | "debug"): Log {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ dest: join(folder, "rogatory.log"), sync: true, mode: 0o600 }),
  );
  return {
    debug: (event, values) => logger.debug(values ?? {}, event),
    info: (event, values) => logger.info(values ?? {}, event),
    warn: (event, values) => logger.warn(values ?? {}, event),
    error: (event, values) => logger.error(values ?? {}, event),
  };
}

/**
 * What of an error may stand in a log: its kind, its code and where it was thrown. The message may
 * quote a value, so it is kept for errors that we wrote ourselves only.
 */
export function describeForLog(error: unknown): LogValues {
  if (!(error instanceof Error)) return { error: typeof error };
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    error: error.name,
    code: error instanceof RogatoryError ? error.code : undefined,
    message: error instanceof RogatoryError ? describeError(error) : undefined,
    at: stack
      .slice(0, 4)
      .map((line) => line.trim())
      .join(" < "),
    cause: error.cause instanceof Error ? error.cause.name : undefined,
  };
}
