import { z } from "zod";
import type { DeviceId, UserId } from "../domain/ids.ts";

/** What stands for the code where something answered with an error that is none of Matrix. */
export const NO_ERRCODE = "NO_ERRCODE";

/** Request Timeout and Too Early: the same request may succeed later (RFC 9110, RFC 8470). */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/** The homeserver answered with an error of the Matrix specification ("Standard error response"). */
export class HomeserverError extends Error {
  override readonly name = "HomeserverError";
  readonly status: number;
  /** For instance `M_LIMIT_EXCEEDED`. */
  readonly errcode: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, errcode: string, retryAfterMs: number | undefined) {
    super(`the homeserver answered ${status} ${errcode}`);
    this.status = status;
    this.errcode = errcode;
    this.retryAfterMs = retryAfterMs;
  }

  /**
   * Whether it heals by itself: the homeserver is busy, or a proxy before it answers in its place, as
   * during an update. What is too large for a proxy stays so.
   */
  get isPassing(): boolean {
    const isForeign = this.errcode === NO_ERRCODE && this.status !== 413;
    return this.status >= 500 || passingStatuses.has(this.status) || isForeign;
  }
}

/** The homeserver could not be reached, or what it answered was no answer. Worth another try. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options?: ErrorOptions & { readonly retryAfterMs?: number | undefined },
  ) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

const ErrorBody = z.object({
  errcode: z.string(),
  retry_after_ms: z.number().nonnegative().optional(),
});

interface RequestOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Requests to the homeserver's client-server API as one account of the application service. */
export class AccountHttp {
  readonly url: string;
  readonly #token: string;
  readonly #identity: Readonly<Record<string, string>>;

  /**
   * `device_id` goes with every request once a device exists: without it Synapse remembers
   * transaction ids in memory only, and a restart of the homeserver doubles a message.
   *
   * @param userId left out where the token is not the application service's but somebody's own
   */
  constructor(url: string, token: string, userId?: UserId, deviceId?: DeviceId) {
    this.url = url;
    this.#token = token;
    this.#identity = {
      ...(userId === undefined ? {} : { user_id: userId }),
      ...(deviceId === undefined ? {} : { device_id: deviceId }),
    };
  }

  async json<S extends z.ZodType>(
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: string,
    schema: S,
    options: RequestOptions = {},
  ): Promise<z.output<S>> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const response = await this.#fetch(method, path, body, "application/json", options);
    return schema.parse(await whole(() => response.json()));
  }

  /** @throws HomeserverError `TOO_LARGE` if there are more bytes than wanted */
  async getBytes(path: string, most: number): Promise<Uint8Array> {
    const response = await this.#fetch("GET", path, undefined, "", {});
    const parts: Uint8Array[] = [];
    let size = 0;
    await whole(async () => {
      for await (const part of response.body ?? []) {
        size += part.byteLength;
        if (size > most) return;
        parts.push(part);
      }
    });
    if (size > most) throw new HomeserverError(413, "TOO_LARGE", undefined);
    return Buffer.concat(parts);
  }

  async putBytes(path: string, bytes: Uint8Array, contentType: string): Promise<void> {
    const response = await this.#fetch("PUT", path, Buffer.from(bytes), contentType, {});
    await whole(() => response.arrayBuffer());
  }

  async #fetch(
    method: string,
    path: string,
    body: string | Buffer<ArrayBuffer> | undefined,
    contentType: string,
    { query = {}, timeoutMs = 60_000, signal }: RequestOptions,
  ): Promise<Response> {
    const url = new URL(path, this.url);
    for (const [key, value] of Object.entries({ ...query, ...this.#identity })) {
      url.searchParams.set(key, value);
    }
    const deadline = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": contentType }),
        },
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        ...(body === undefined ? {} : { body }),
      });
    } catch (cause) {
      throw new UnreachableError("the homeserver could not be reached", { cause });
    }
    if (response.ok) return response;
    throw await asError(response);
  }
}

/** The body of an answer; one that is cut, or is not what was announced, is none. */
async function whole<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new UnreachableError("the homeserver's answer was cut off", { cause });
  }
}

async function asError(response: Response): Promise<Error> {
  const body = ErrorBody.safeParse(await response.json().catch(() => undefined)).data;
  const retryAfterMs = body?.retry_after_ms ?? readRetryAfter(response.headers.get("retry-after"));
  if (body === undefined && response.status >= 500) {
    return new UnreachableError(`the homeserver answered ${response.status}`, { retryAfterMs });
  }
  return new HomeserverError(response.status, body?.errcode ?? NO_ERRCODE, retryAfterMs);
}

/** A clock that is wrong on one side must not silence a bot for days. */
const longestRetryAfterMs = 3_600_000;

/** The header `Retry-After`: seconds, or a date (RFC 9110). */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, ms));
}

/** A path with its variable parts escaped: ``path`/rooms/${roomId}/join` ``. */
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce(
    (text, piece, index) => `${text}${encodeURIComponent(parts[index - 1] ?? "")}${piece}`,
  );
}
