import { type Logger, schedule } from "node-cron";
import type { Log } from "./log.ts";

const everyTenSeconds = "*/10 * * * * *";

export interface Ticker {
  stop(): Promise<void>;
}

/**
 * Ticks every ten seconds. What is due is known by the database alone: a tick that is missed, on a
 * busy machine or asleep, only makes it a little later.
 */
export function startTicker(tick: () => void, log: Log): Ticker {
  const task = schedule(everyTenSeconds, tick, {
    logger: asLogger(log),
    suppressMissedWarning: true,
  });
  return {
    async stop() {
      await task.destroy();
    },
  };
}

/** node-cron would write to the console; its sentences are dropped, for they may quote anything. */
function asLogger(log: Log): Logger {
  return {
    info() {},
    debug() {},
    warn: () => log.debug("ticker.warn"),
    error: () => log.warn("ticker.error"),
  };
}
