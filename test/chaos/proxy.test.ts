import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { calm, type FlakyProxy, startFlakyProxy } from "../../src/dev/chaos/proxy.ts";
import { seededRandom } from "../../src/dev/chaos/random.ts";

const received: string[] = [];
const target = createServer(async (request, response) => {
  received.push(`${request.method} ${request.url} ${await text(request)}`);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ done: true }));
});
let proxy: FlakyProxy;

beforeEach(async () => {
  received.length = 0;
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const address = target.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  proxy = await startFlakyProxy(`http://127.0.0.1:${port}`, seededRandom(1));
});
afterEach(async () => {
  await proxy.close();
  target.closeAllConnections();
  await new Promise<void>((resolve) => target.close(() => resolve()));
});

const message = "/_matrix/client/v3/rooms/!r/send/m.room.encrypted/t1";

function put(path: string): Promise<Response> {
  return fetch(`${proxy.url}${path}`, { method: "PUT", body: "hello" });
}

/** Weather in which this always happens. */
function always(odds: Partial<typeof calm.sending>) {
  const certain = { ...calm.sending, ...odds };
  return { sending: certain, other: certain };
}

describe("the proxy between the bots and their homeserver", () => {
  it("passes everything on while the weather is calm", async () => {
    const response = await put(message);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ done: true });
    expect(received).toEqual([`PUT ${message} hello`]);
  });

  it("answers 429 without asking the homeserver", async () => {
    proxy.setWeather(always({ limited: 1 }));
    const response = await put(message);
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ errcode: "M_LIMIT_EXCEEDED" });
    expect(received).toEqual([]);
  });

  it("loses a request before the homeserver hears of it", async () => {
    proxy.setWeather(always({ lostRequest: 1 }));
    await expect(put(message)).rejects.toThrow("fetch failed");
    expect(received).toEqual([]);
  });

  it("loses an answer after the homeserver has done what was asked", async () => {
    proxy.setWeather(always({ lostAnswer: 1 }));
    await expect(put(message)).rejects.toThrow("fetch failed");
    expect(received).toHaveLength(1);
  });

  it("calls back in the middle of one message, and of no other request", async () => {
    const struck: number[] = [];
    proxy.onNextMessage("after it was done, before the answer", () => struck.push(received.length));
    expect((await put("/_matrix/client/v3/keys/upload")).status).toBe(200);
    await expect(put(message)).rejects.toThrow("fetch failed");
    expect((await put(message)).status).toBe(200);
    expect(struck).toEqual([2]);
  });
});
