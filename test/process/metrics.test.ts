import type { Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigFile } from "../../src/config/config.ts";
import { openDatabase } from "../../src/db/database.ts";
import { receiveEvent } from "../../src/db/repositories/inbox.ts";
import type { Database } from "../../src/db/schema.ts";
import { EventId, RoomId, UserId } from "../../src/domain/ids.ts";
import { createMetrics } from "../../src/process/metrics.ts";
import { serveMetrics } from "../../src/process/metrics-server.ts";
import { testLocation } from "../support/database.ts";

const account = UserId.parse("@clerk:example.org");
const room = RoomId.parse("!room");
const now = Temporal.Instant.from("2026-12-15T08:01:00Z");
const clock = {
  now: () => now,
  at: (ts: number) => Temporal.Instant.fromEpochMilliseconds(ts),
};
let db: Kysely<Database>;

beforeAll(async () => {
  db = await openDatabase(await testLocation());
});
afterAll(() => db.destroy());

const loopback = { host: "127.0.0.1", port: 0 };

describe("metrics", () => {
  it("are served as text: what was sent, failed and not decrypted, and how far behind we are", async () => {
    const metrics = createMetrics({ db, clock });
    metrics.synced(account);
    metrics.sent(account, "send");
    metrics.failed(account, "M_FORBIDDEN", true);
    metrics.undecryptable(account, room);
    await db.transaction().execute((transaction) =>
      receiveEvent(transaction, {
        account,
        eventId: EventId.parse("$1"),
        roomId: room,
        sender: UserId.parse("@person:example.org"),
        originServerTs: Temporal.Instant.from("2026-12-15T08:00:00Z").epochMilliseconds,
        json: "{}",
        megolm: undefined,
      }),
    );
    const server = await serveMetrics(loopback, metrics.registry);
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    const labels = `account="${account}"`;
    expect(text).toContain(`rogatory_steps_sent_total{${labels},step="send"} 1`);
    expect(text).toContain(
      `rogatory_steps_failed_total{${labels},code="M_FORBIDDEN",final="true"} 1`,
    );
    expect(text).toContain(`rogatory_undecryptable_total{${labels},room="!room"} 1`);
    expect(text).toContain(`rogatory_inbox_lag_seconds{${labels}} 60`);
    expect(text).toMatch(/rogatory_sync_age_seconds\{account="@clerk:example.org"\} 0\.\d+/);
    expect(text).not.toContain("@person");
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
    await server.close();
  });

  it("say which setting is wrong when the port is taken", async () => {
    const { registry } = createMetrics({ db, clock });
    const server = await serveMetrics(loopback, registry);
    await expect(serveMetrics({ ...loopback, port: server.port }, registry)).rejects.toMatchObject({
      code: "metrics.address",
    });
    await server.close();
  });

  it("can be served at addresses of this machine only", () => {
    const read = (listen: string) => ConfigFile.shape.metrics.safeParse({ listen }).success;
    expect(["127.0.0.1:9464", "localhost:1", "[::1]:9464"].map(read)).toEqual([true, true, true]);
    expect(["0.0.0.0:9464", ":9464", "10.0.0.1:9464", "127.0.0.1"].map(read)).toEqual(
      Array.from({ length: 4 }, () => false),
    );
  });
});
