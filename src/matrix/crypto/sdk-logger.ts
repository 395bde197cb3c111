import { type Logger, logger } from "matrix-js-sdk/lib/logger.js";

/** Receives that the SDK had something to say, and how grave: nothing else. */
export type SdkLogSink = (level: "warn" | "error", source: string) => void;

/**
 * matrix-js-sdk and the Rust crypto log Matrix ids and ratchet keys. Their lines are reduced to level
 * and source, and below a warning they are dropped.
 */
export function sdkLogger(sink: SdkLogSink, source = "matrix-js-sdk"): Logger {
  return {
    trace() {},
    debug() {},
    info() {},
    warn() {
      sink("warn", source);
    },
    error() {
      sink("error", source);
    },
    getChild() {
      return sdkLogger(sink, source);
    },
  };
}

/** Some parts of matrix-js-sdk write to its global logger, and from there to the console. */
export function silenceGlobalLogger(): void {
  for (const method of ["trace", "debug", "info", "log", "warn", "error"] as const) {
    logger[method] = () => {};
  }
}
