import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestOf,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import type { Random } from "./random.ts";

/** How often something happens to a request, from 0 to 1. */
export interface Odds {
  /** Answered 429 without reaching the homeserver. */
  readonly limited: number;
  /** The connection ends before the homeserver hears of it. */
  readonly lostRequest: number;
  /** The homeserver has done it, and the answer never arrives. */
  readonly lostAnswer: number;
}

export interface Weather {
  /** Messages and room keys on their way out. */
  readonly sending: Odds;
  readonly other: Odds;
}

export type FaultCounts = Record<keyof Odds, number> & { requests: number };

/** When something is to happen with the next message that the bots send. */
export type Moment = "before it is forwarded" | "after it was done, before the answer";

/** Stands between the bots and their homeserver, on loopback only. */
export interface FlakyProxy {
  readonly url: string;
  readonly counts: Readonly<FaultCounts>;
  setWeather(weather: Weather): void;
  /** Calls back once, in the middle of the next message; several wait their turn. */
  onNextMessage(moment: Moment, callback: () => void): void;
  close(): Promise<void>;
}

const calmOdds: Odds = { limited: 0, lostRequest: 0, lostAnswer: 0 };
export const calm: Weather = { sending: calmOdds, other: calmOdds };

const isMessage = /^\/_matrix\/client\/v3\/rooms\/[^/]+\/send\//;
const isSending = /\/(send|sendToDevice)\//;

export async function startFlakyProxy(target: string, random: Random): Promise<FlakyProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const counts: FaultCounts = { requests: 0, limited: 0, lostRequest: 0, lostAnswer: 0 };
  let weather = calm;
  const armed: { readonly moment: Moment; readonly callback: () => void }[] = [];

  const strike = (moment: Moment, request: IncomingMessage): boolean => {
    if (armed[0]?.moment !== moment || !isMessage.test(request.url ?? "")) return false;
    armed.shift()?.callback();
    return true;
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.requests += 1;
    const odds = isSending.test(request.url ?? "") ? weather.sending : weather.other;
    const body = await buffer(request);
    if (random.happens(odds.limited)) {
      counts.limited += 1;
      refuse(response, Math.round(random.between(50, 1500)));
      return;
    }
    if (random.happens(odds.lostRequest)) {
      counts.lostRequest += 1;
      request.socket.destroy();
      return;
    }
    strike("before it is forwarded", request);
    const answer = await forward(request, response, body);
    if (strike("after it was done, before the answer", request)) {
      request.socket.destroy();
      return;
    }
    if (random.happens(odds.lostAnswer)) {
      counts.lostAnswer += 1;
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  async function forward(request: IncomingMessage, response: ServerResponse, body: Buffer) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const onward = requestOf(
      {
        ...{ hostname, port, agent, method: request.method, path: request.url },
        headers: { ...request.headers, "content-length": body.length },
      },
      resolve,
    );
    onward.on("error", reject);
    // Who waits for news and has gone is not waited for; what was asked to be done is done.
    if (request.method === "GET") response.once("close", () => onward.destroy());
    onward.end(body);
    const answer = await promise;
    const { connection: _connection, "transfer-encoding": _encoding, ...headers } = answer.headers;
    return { status: answer.statusCode ?? 502, headers, body: await buffer(answer) };
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : 0;

  return {
    url: `http://127.0.0.1:${listening}`,
    counts,
    setWeather: (wanted) => {
      weather = wanted;
    },
    onNextMessage: (moment, callback) => {
      armed.push({ moment, callback });
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function refuse(response: ServerResponse, retryAfter: number): void {
  response.writeHead(429, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      errcode: "M_LIMIT_EXCEEDED",
      error: "Too Many Requests",
      retry_after_ms: retryAfter,
    }),
  );
}
