import { z } from "zod";
import { isPassing } from "../patience.ts";

const Claim = z.object({ one_time_keys: z.record(z.string(), z.unknown()) });

export interface ClaimOptions {
  /** Of the account itself. */
  readonly serverName: string;
  /** How long the homeserver may take; one that is well gives up on others after 10 s. */
  readonly patienceMs?: number;
  /** The first pause after a claim without an answer; each further one is twice as long. */
  readonly firstRestMs?: number;
}

const longestRestMs = 5 * 60_000;

/**
 * Watches over the claims of one-time keys. matrix-js-sdk makes one after the other for a whole
 * account, and what is to be said in any room waits for the one under way: it waits for a minute, and
 * four times more after an error. So a claim has less time, is never repeated by the SDK (the sender
 * does that, for the room concerned), and homeservers for which one was in vain are left alone for a
 * while: only what is said to people there waits.
 */
export class KeyClaims {
  readonly #options: Required<ClaimOptions>;
  readonly #through: typeof fetch;
  readonly #resting = new Map<string, { readonly until: number; readonly restMs: number }>();

  constructor(options: ClaimOptions, through: typeof fetch) {
    this.#options = { patienceMs: 20_000, firstRestMs: 10_000, ...options };
    this.#through = through;
  }

  async fetch(...[resource, options]: Parameters<typeof fetch>): Promise<Response> {
    const servers = serversIn(resource, options);
    if (servers === undefined) return this.#through(resource, options);
    const now = performance.now();
    if (servers.some((server) => (this.#resting.get(server)?.until ?? 0) > now)) throw unanswered();
    const deadline = AbortSignal.timeout(this.#options.patienceMs);
    let response: Response;
    try {
      const signals = [deadline, ...(options?.signal ? [options.signal] : [])];
      const answer = await this.#through(resource, {
        ...options,
        signal: AbortSignal.any(signals),
      });
      response = new Response(await answer.text(), answer);
    } catch (cause) {
      if (deadline.aborted) this.#rest(servers);
      throw unanswered(cause);
    }
    if (response.status === 429 || response.status >= 500) throw unanswered();
    for (const server of servers) this.#resting.delete(server);
    return response;
  }

  /** Whose fault it was is not said: other homeservers are suspected first. */
  #rest(servers: readonly string[]): void {
    const { serverName, firstRestMs } = this.#options;
    const others = servers.filter((server) => server !== serverName);
    for (const server of others.length > 0 ? others : servers) {
      const former = this.#resting.get(server)?.restMs;
      const restMs = former === undefined ? firstRestMs : Math.min(longestRestMs, former * 2);
      this.#resting.set(server, { until: performance.now() + restMs, restMs });
    }
  }
}

/** Whether matrix-js-sdk has failed because it got no answer, or gave up waiting for one. */
export function isUnanswered(error: unknown): boolean {
  return isPassing(error) || (error instanceof Error && error.name === "AbortError");
}

/** By this name matrix-js-sdk knows what it must not try again by itself. */
function unanswered(cause?: unknown): Error {
  return Object.assign(new Error("a claim of one-time keys was not answered", { cause }), {
    name: "AbortError",
  });
}

/** The homeservers of those whose keys are claimed; undefined for every other request. */
function serversIn(
  ...[resource, options]: Parameters<typeof fetch>
): readonly string[] | undefined {
  const address = resource instanceof Request ? resource.url : String(resource);
  if (!new URL(address).pathname.endsWith("/keys/claim")) return undefined;
  if (typeof options?.body !== "string") return undefined;
  const claim = Claim.safeParse(JSON.parse(options.body)).data;
  const people = Object.keys(claim?.one_time_keys ?? {});
  return [...new Set(people.map((userId) => userId.slice(userId.indexOf(":") + 1)))];
}
