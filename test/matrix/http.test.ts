import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { AccountHttp, HomeserverError, UnreachableError } from "../../src/matrix/http.ts";
import { type FaultyServer, startFaultyServer } from "../support/faulty-server.ts";

let server: FaultyServer;
let http: AccountHttp;
beforeAll(async () => {
  server = await startFaultyServer();
  http = new AccountHttp(server.url, "token");
});
afterAll(() => server[Symbol.asyncDispose]());

/** How an answer with this status, header and body is taken. */
async function failure(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  server.answer = (_request, response) => void response.writeHead(status, headers).end(body);
  return http.json("GET", "/x", z.object({})).catch((error: unknown) => error);
}

describe("an answer that is cut in the middle", () => {
  it.each(["json", "bytes", "put"])("is none, and worth another try: %s", async (way) => {
    server.answer = (_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"a":', () => response.destroy());
    };
    const asked = {
      json: () => http.json("GET", "/x", z.object({})),
      bytes: () => http.getBytes("/x", 5000),
      put: () => http.putBytes("/x", Buffer.from("x"), "text/plain"),
    }[way];
    await expect(asked?.()).rejects.toBeInstanceOf(UnreachableError);
  });

  it("is the same if it is no JSON, as of a proxy that shows its own page", async () => {
    expect(await failure(200, "<html>")).toBeInstanceOf(UnreachableError);
    expect(await failure(502, "<html>")).toBeInstanceOf(UnreachableError);
  });
});

describe("a refusal", () => {
  const matrix = JSON.stringify({ errcode: "M_NOT_FOUND", error: "no" });

  it("is final if it is one of Matrix, and passing if something else gives it", async () => {
    expect(await failure(404, matrix)).toMatchObject({ errcode: "M_NOT_FOUND", isPassing: false });
    for (const body of ["<html>", "{}", ""]) {
      expect(await failure(404, body)).toMatchObject({ errcode: "NO_ERRCODE", isPassing: true });
    }
    expect(await failure(413, "<html>")).toMatchObject({ isPassing: false });
    for (const status of [408, 425, 429, 503]) {
      expect(await failure(status, matrix)).toMatchObject({ isPassing: true });
    }
  });

  it("says when to come again in its body, or else in its header, in seconds or as a date", async () => {
    const limited = (ms?: number) =>
      JSON.stringify({ errcode: "M_LIMIT_EXCEEDED", retry_after_ms: ms });
    expect(await failure(429, limited(70), { "retry-after": "9" })).toMatchObject({
      retryAfterMs: 70,
    });
    expect(await failure(429, limited(), { "retry-after": "9" })).toMatchObject({
      retryAfterMs: 9000,
    });
    expect(await failure(503, "<html>", { "retry-after": "9" })).toMatchObject({
      name: "UnreachableError",
      retryAfterMs: 9000,
    });
    const date = new Date(Date.now() + 90_000).toUTCString();
    const dated = await failure(429, limited(), { "retry-after": date });
    if (!(dated instanceof HomeserverError)) throw dated;
    expect(dated.retryAfterMs).toBeGreaterThan(60_000);
    expect(dated.retryAfterMs).toBeLessThanOrEqual(90_000);
    expect(await failure(429, limited(), { "retry-after": "soon" })).toMatchObject({
      retryAfterMs: undefined,
    });
    const past = "Wed, 21 Oct 2015 07:28:00 GMT";
    expect(await failure(429, limited(), { "retry-after": past })).toMatchObject({
      retryAfterMs: 0,
    });
    expect(await failure(429, limited(), { "retry-after": "99999999" })).toMatchObject({
      retryAfterMs: 3_600_000,
    });
  });
});
