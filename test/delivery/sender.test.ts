import { describe, expect, it } from "vitest";
import { judge } from "../../src/delivery/sender.ts";
import { RogatoryError } from "../../src/domain/errors.ts";
import { HomeserverError, UnreachableError } from "../../src/matrix/http.ts";

describe("judge", () => {
  it("waits as long as the homeserver asks when it limits the rate", () => {
    expect(judge(new HomeserverError(429, "M_LIMIT_EXCEEDED", 7_000), 0).pauseMs).toBe(7_000);
  });

  it("tries an unreachable or failing homeserver for ever, with growing pauses up to five minutes", () => {
    for (const error of [
      new UnreachableError("gone"),
      new HomeserverError(502, "M_UNKNOWN", undefined),
    ]) {
      expect(judge(error, 0).pauseMs).toBe(500);
      expect(judge(error, 3).pauseMs).toBe(4_000);
      expect(judge(error, 1_000).pauseMs).toBe(300_000);
    }
  });

  it("has patience with a refusal, because joins and invitations may still be under way", () => {
    expect(judge(new HomeserverError(403, "M_FORBIDDEN", undefined), 0).pauseMs).toBeGreaterThan(0);
    expect(judge(new HomeserverError(403, "M_FORBIDDEN", undefined), 10).pauseMs).toBeUndefined();
  });

  it("gives up at once on what can never succeed, and keeps the code", () => {
    expect(judge(new HomeserverError(413, "M_TOO_LARGE", undefined), 0)).toEqual({
      code: "M_TOO_LARGE",
      pauseMs: undefined,
    });
    expect(judge(new RogatoryError("vault.unreadable", "no"), 0).pauseMs).toBeUndefined();
  });
});
