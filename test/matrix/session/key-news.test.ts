import { describe, expect, it } from "vitest";
import { KeyNews } from "../../../src/matrix/session/key-news.ts";
import { readSyncResponse, type SyncResponse } from "../../../src/matrix/session/sync-response.ts";

const noon = Temporal.Instant.from("2026-12-01T12:00:00Z");
const aMomentLater = noon.add({ seconds: 1 });
const quiet = response({});

function response(more: object): SyncResponse {
  const read = readSyncResponse({
    next_batch: "s1",
    device_one_time_keys_count: { signed_curve25519: 50 },
    device_unused_fallback_key_types: ["signed_curve25519"],
    device_lists: { changed: [], left: [] },
    ...more,
  });
  if (read === undefined) throw new Error("no response");
  return read;
}

function toldOf(first: SyncResponse): KeyNews {
  const news = new KeyNews();
  news.told(first, noon);
  return news;
}

describe("a response about keys", () => {
  it("is news if it is the first", () => {
    expect(new KeyNews().isIn(quiet, noon)).toBe(true);
  });

  it("is no news if it repeats the counts", () => {
    expect(toldOf(quiet).isIn(quiet, aMomentLater)).toBe(false);
  });

  it.each([
    [
      "a message to the device",
      { to_device: { events: [{ type: "m.room.encrypted", sender: "@a:x", content: {} }] } },
    ],
    ["a changed device list", { device_lists: { changed: ["@a:x"] } }],
    ["somebody who is no longer shared with", { device_lists: { left: ["@a:x"] } }],
    ["fewer one-time keys", { device_one_time_keys_count: { signed_curve25519: 49 } }],
    ["a used fallback key", { device_unused_fallback_key_types: [] }],
  ])("is news if it has %s", (_, more) => {
    expect(toldOf(quiet).isIn(response(more), aMomentLater)).toBe(true);
  });

  it("is news once a minute, because fallback keys and verifications grow old", () => {
    expect(toldOf(quiet).isIn(quiet, noon.add({ seconds: 59 }))).toBe(false);
    expect(toldOf(quiet).isIn(quiet, noon.add({ minutes: 1 }))).toBe(true);
  });
});
