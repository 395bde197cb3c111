import { z } from "zod";
import type { DeviceId, UserId } from "../domain/ids.ts";

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
}

/** Whether another try would be answered alike. A token that is not accepted is not about the question. */
export function isRefusal({ status }: HomeserverError): boolean {
  return status < 500 && status !== 401 && status !== 429;
}

/** The homeserver could not be reached, or what it answered was no answer. Worth another try. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

const ErrorBody = z.object({
  errcode: z.string().default("M_UNKNOWN"),
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
    return schema.parse(await readJson(response));
  }

  /** @throws HomeserverError `TOO_LARGE` if there are more bytes than wanted */
  async getBytes(path: string, most: number): Promise<Uint8Array> {
    const response = await this.#fetch("GET", path, undefined, "", {});
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body ?? []) {
      size += part.byteLength;
      if (size > most) throw new HomeserverError(413, "TOO_LARGE", undefined);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  async putBytes(path: string, bytes: Uint8Array, contentType: string): Promise<void> {
    const response = await this.#fetch("PUT", path, Buffer.from(bytes), contentType, {});
    await response.arrayBuffer();
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

/** The connection may break in the middle of an answer, and what a proxy says in between is no JSON. */
async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new UnreachableError("the homeserver's answer did not come whole", { cause });
  }
}

async function asError(response: Response): Promise<Error> {
  const parsed = ErrorBody.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success && response.status >= 500) {
    return new UnreachableError(`the homeserver answered ${response.status}`);
  }
  return new HomeserverError(
    response.status,
    parsed.data?.errcode ?? "M_UNKNOWN",
    parsed.data?.retry_after_ms,
  );
}

/** A path with its variable parts escaped: ``path`/rooms/${roomId}/join` ``. */
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce(
    (text, piece, index) => `${text}${encodeURIComponent(parts[index - 1] ?? "")}${piece}`,
  );
}
