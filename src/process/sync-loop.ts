import { setTimeout as delay } from "node:timers/promises";
import { HomeserverError, UnreachableError } from "../matrix/http.ts";
import type { Session } from "../matrix/session/session.ts";
import { describeForLog, type Log } from "./log.ts";

export interface SyncLoop {
  /** Resolves after the first response. */
  readonly firstSync: Promise<void>;
  stop(): Promise<void>;
}

const longestPauseMs = 60_000;

/**
 * After a response there is nearly always another at once: the answer that the bot has just sent, or
 * the next of many people who join. To ask for it later lets the homeserver serve people first, and
 * brings several events in one response when there is much to do. Whoever has spoken is about to
 * speak again; where people only come and go, nobody waits for the bots.
 */
const breathMs = { spoken: 100, onlyMembers: 1000 };

/**
 * Keeps an account synced. An unreachable homeserver is asked again with growing pauses; any other
 * failure may have left the crypto ahead of its position and ends the process.
 */
export function runSyncLoop(
  session: Session,
  options: { readonly log: Log; onFatal(error: unknown): void },
): SyncLoop {
  const stopping = new AbortController();
  const first = Promise.withResolvers<void>();

  async function run(): Promise<void> {
    let failures = 0;
    let waitMs = 0;
    while (!stopping.signal.aborted) {
      try {
        const { onlyMembers } = await session.syncOnce(stopping.signal, waitMs);
        failures = 0;
        waitMs = 30_000;
        first.resolve();
        await pause(onlyMembers ? breathMs.onlyMembers : breathMs.spoken, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!isPassing(error)) {
          first.reject(error);
          options.onFatal(error);
          return;
        }
        failures += 1;
        options.log.warn("sync.failed", {
          account: session.userId,
          failures,
          ...describeForLog(error),
        });
        await pause(pauseAfter(error, failures), stopping.signal);
      }
    }
  }

  const running = run();
  return {
    firstSync: first.promise,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof HomeserverError && error.isPassing;
}

function pauseAfter(error: unknown, failures: number): number {
  const told = error instanceof HomeserverError || error instanceof UnreachableError;
  const asked = told ? error.retryAfterMs : undefined;
  return asked ?? Math.min(longestPauseMs, 250 * 2 ** Math.min(failures, 16));
}

/** Ends early when the loop is stopped. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}
