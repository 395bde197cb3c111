import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { enqueueStep, type Step } from "../../src/db/repositories/outbox.ts";
import { judge, Sender } from "../../src/delivery/sender.ts";
import { RogatoryError } from "../../src/domain/errors.ts";
import { RoomId, UserId } from "../../src/domain/ids.ts";
import { AccountHttp, HomeserverError, UnreachableError } from "../../src/matrix/http.ts";
import { Vault } from "../../src/vault/vault.ts";
import { testLocation } from "../support/database.ts";
import { startFaultyServer } from "../support/faulty-server.ts";

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

  it("tries for ever what heals: an unknown registration, a proxy's answer, a request in vain", () => {
    for (const error of [
      new HomeserverError(401, "M_UNKNOWN_TOKEN", undefined),
      new HomeserverError(404, "NO_ERRCODE", undefined),
      new HomeserverError(400, "NO_ERRCODE", undefined),
      new HomeserverError(408, "M_UNKNOWN", undefined),
      new HomeserverError(425, "M_UNKNOWN", undefined),
    ]) {
      expect(judge(error, 1_000).pauseMs).toBe(300_000);
    }
    expect(judge(new HomeserverError(404, "M_NOT_FOUND", undefined), 0).pauseMs).toBeUndefined();
  });

  it("comes back no sooner than it was told", () => {
    expect(judge(new HomeserverError(503, "M_UNKNOWN", 9_000), 0).pauseMs).toBe(9_000);
    expect(judge(new UnreachableError("gone", { retryAfterMs: 9_000 }), 0).pauseMs).toBe(9_000);
    expect(judge(new UnreachableError("gone", { retryAfterMs: 1 }), 3).pauseMs).toBe(4_000);
  });

  it("gives up at once on what can never succeed, and keeps the code", () => {
    expect(judge(new HomeserverError(413, "M_TOO_LARGE", undefined), 0)).toEqual({
      code: "M_TOO_LARGE",
      pauseMs: undefined,
    });
    expect(judge(new RogatoryError("vault.unreadable", "no"), 0).pauseMs).toBeUndefined();
  });
});

describe("a sender", () => {
  it("answers in rooms while invitations wait for homeservers that do not answer", async () => {
    await using server = await startFaultyServer();
    const stalled = Promise.withResolvers<void>();
    let waiting = 0;
    server.answer = ({ url = "" }, response) => {
      if (!url.includes("/invite")) {
        response.end(JSON.stringify({ event_id: "$sent" }));
        return;
      }
      waiting += 1;
      if (waiting === 6) stalled.resolve();
    };
    const db = await openDatabase(await testLocation());
    const vault = new Vault(randomBytes(32));
    const account = UserId.parse("@bot:x");
    const now = Temporal.Instant.from("2026-12-01T08:00:00Z");
    const roomId = RoomId.parse("!room");
    const enqueue = (lane: string, step: Step) =>
      db.transaction().execute((transaction) =>
        enqueueStep(transaction, vault.system, now, {
          ...{ account, lane, caseId: undefined, step, cause: lane, slot: "x" },
        }),
      );
    for (let number = 0; number < 20; number += 1) {
      const userId = UserId.parse(`@p${number}:far.example`);
      await enqueue(`people:c:${userId}`, { kind: "invite", room: { roomId }, userId });
    }
    const sent = Promise.withResolvers<string>();
    const sender = new Sender({
      ...{ db, vault, now: () => now, onDone() {}, onFailure() {} },
      session: {
        ...{ userId: account, http: new AccountHttp(server.url, "token") },
        encrypt: async () => ({}),
      },
      onSent: sent.resolve,
      onFatal: sent.reject,
    });
    sender.start(sent.reject);
    await stalled.promise;
    const content = { msgtype: "m.notice", body: "x" };
    const message = { kind: "send", room: { roomId }, type: "m.room.message", content } as const;
    await enqueue(roomId, message);
    sender.wake();
    expect(await sent.promise).toBe("send");
    expect(waiting).toBe(6);
    await server[Symbol.asyncDispose]();
    await sender.stop();
    await db.destroy();
  });
});
