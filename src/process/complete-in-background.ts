import { setTimeout as delay } from "node:timers/promises";
import { isPassing } from "../matrix/patience.ts";

export interface Completion {
  /** Ends after the attempt under way. */
  stop(): Promise<void>;
}

const pauseMs = 5_000;

/**
 * Does what is left of a start while the bots are already at work. A homeserver that does not answer
 * is asked again; any other failure is the process's.
 */
export function completeInBackground(
  work: () => Promise<void>,
  onFatal: (error: unknown) => void,
): Completion {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) return onFatal(error);
        await delay(pauseMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
