import { expect, it, vi } from "vitest";
import { UnreachableError } from "../../src/matrix/http.ts";
import { completeInBackground } from "../../src/process/complete-in-background.ts";

it("asks a homeserver that does not answer again, and tells nobody", async () => {
  vi.useFakeTimers();
  try {
    const done = Promise.withResolvers<void>();
    const onFatal = vi.fn();
    let attempts = 0;
    completeInBackground(async () => {
      attempts += 1;
      if (attempts < 3) throw new UnreachableError("away");
      done.resolve();
    }, onFatal);
    await vi.advanceTimersByTimeAsync(60_000);
    await done.promise;
    expect(attempts).toBe(3);
    expect(onFatal).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});

it("ends the process for any other failure", async () => {
  const failed = Promise.withResolvers<unknown>();
  const failure = new TypeError("x");
  completeInBackground(() => Promise.reject(failure), failed.resolve);
  expect(await failed.promise).toBe(failure);
});

it("says nothing of a failure that its end has caused", async () => {
  const begun = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const onFatal = vi.fn();
  const completion = completeInBackground(async () => {
    begun.resolve();
    await stopped.promise;
    throw new Error("closed");
  }, onFatal);
  await begun.promise;
  const ended = completion.stop();
  stopped.resolve();
  await ended;
  expect(onFatal).not.toHaveBeenCalled();
});
