import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pace } from "../../../src/dev/people/pace.ts";

const SYNC = "http://homeserver/_matrix/client/v3/sync?since=s1";
const requested: string[] = [];

beforeEach(() => {
  requested.length = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("fetch", async (input: string) => {
    requested.push(input);
    return new Response("{}");
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the pace of a client", () => {
  it("keeps two syncs apart and lets everything else pass", async () => {
    const pace = new Pace(1000);
    await pace.fetch(SYNC);
    const second = pace.fetch(SYNC);
    await pace.fetch("http://homeserver/_matrix/client/v3/keys/query");
    expect(requested).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000);
    await second;
    expect(requested.filter((address) => address === SYNC)).toHaveLength(2);
  });

  it("ends the pause as soon as somebody waits for news", async () => {
    const pace = new Pace(60_000);
    await pace.fetch(SYNC);
    const second = pace.fetch(SYNC);
    await pace.hurry(() => second);
    expect(requested).toHaveLength(2);
  });

  it("begins no sync while it is held", async () => {
    const pace = new Pace(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = pace.hold(() => promise);
    const sync = pace.fetch(SYNC);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requested).toEqual([]);
    resolve();
    await Promise.all([held, sync]);
    expect(requested).toEqual([SYNC]);
  });
});
