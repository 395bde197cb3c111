import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RogatoryError } from "../domain/errors.ts";
import { HomeserverError, UnreachableError } from "./http.ts";

/** How the HTTP clients in use name the status of an answer; without one there was no answer. */
const Answered = z.object({
  status: z.number().optional(),
  httpStatus: z.number().optional(),
  statusCode: z.number().optional(),
});

const attempts = 5;
const firstPauseMs = 250;

/**
 * Does something that asks the homeserver, and does it again if an answer got lost, or the
 * homeserver is busy or just starting. For work that may be repeated; about four seconds at most.
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isPassing(error)) throw error;
      await delay(firstPauseMs * 2 ** (attempt - 1));
    }
  }
}

/** Whether a failure lies in the connection or the homeserver's load, by the first cause that tells. */
export function isPassing(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; depth += 1) {
    if (cause instanceof UnreachableError || connectionFailures.has(cause.name)) return true;
    if (cause instanceof RogatoryError && cause.code === "provisioning.unreachable") return true;
    if (cause instanceof HomeserverError) return cause.isPassing;
    const answer = Answered.safeParse(cause).data;
    const status = answer?.status ?? answer?.httpStatus ?? answer?.statusCode;
    if (status !== undefined) return status === 429 || status >= 500;
    cause = cause.cause;
  }
  return false;
}

/** matrix-js-sdk's, and what `fetch` throws when its time is over. */
const connectionFailures: ReadonlySet<string> = new Set(["ConnectionError", "TimeoutError"]);
