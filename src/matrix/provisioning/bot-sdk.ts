import { LogService, MatrixClient, setRequestFn } from "matrix-bot-sdk";
import { z } from "zod";
import type { UserId } from "../../domain/ids.ts";

/** The part of the options of `request` that matrix-bot-sdk sets. */
const RequestOptions = z.object({
  uri: z.string(),
  method: z.string(),
  qs: z.record(z.string(), z.unknown()).nullish(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.union([z.string(), z.instanceof(Buffer)]).optional(),
  timeout: z.number().default(60_000),
});

type Answer = (error: unknown, response?: unknown, body?: unknown) => void;

/**
 * matrix-bot-sdk calls the abandoned `request` package; it is given `fetch` instead, in the shape
 * that it expects, and a logger that stays silent: its lines hold addresses and bodies.
 */
export function prepareBotSdk(): void {
  setRequestFn((options: unknown, answer: Answer) => {
    void fetchForBotSdk(options).then(
      (response) => answer(undefined, response, response.body),
      (error: unknown) => answer(error),
    );
  });
  LogService.setLogger({ trace() {}, debug() {}, info() {}, warn() {}, error() {} });
}

async function fetchForBotSdk(input: unknown) {
  const { uri, method, qs, headers, body, timeout } = RequestOptions.parse(input);
  const url = new URL(uri);
  for (const [key, value] of Object.entries(qs ?? {})) url.searchParams.set(key, String(value));
  const response = await fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(timeout),
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
  });
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

/** A client of matrix-bot-sdk for administration as one account of the application service. */
export function administrationClient(url: string, token: string, userId: UserId): MatrixClient {
  prepareBotSdk();
  const client = new MatrixClient(url, token);
  client.impersonateUserId(userId);
  return client;
}
