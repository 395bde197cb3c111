import type { Kysely } from "kysely";
import { Counter, Gauge, Registry } from "prom-client";
import type { Database, InboxState } from "../db/schema.ts";
import type { RoomId, UserId } from "../domain/ids.ts";
import type { Clock } from "./clock.ts";

/** What is counted, for operators: numbers by account, room and code, never names or content. */
export interface Metrics {
  readonly registry: Registry;
  /** A step of this kind was carried out. */
  sent(account: UserId, step: string): void;
  /** An attempt failed; `final` if there will be no other. */
  failed(account: UserId, code: string, final: boolean): void;
  undecryptable(account: UserId, room: RoomId): void;
  synced(account: UserId): void;
  /** Parts of the homeserver's answers were left out because they are malformed. */
  malformed(account: UserId, parts: number): void;
  /** A room's messages were left out by the homeserver, and cannot be fetched. */
  gapLost(account: UserId, room: RoomId): void;
}

export function createMetrics(options: {
  readonly db: Kysely<Database>;
  readonly clock: Clock;
}): Metrics {
  const { db, clock } = options;
  const registry = new Registry();
  const registers = [registry];
  const lastSync = new Map<UserId, number>();

  const sent = new Counter({
    name: "rogatory_steps_sent_total",
    help: "Steps of the outbox that were carried out.",
    labelNames: ["account", "step"],
    registers,
  });
  const failed = new Counter({
    name: "rogatory_steps_failed_total",
    help: "Attempts that failed; final ones became dead letters.",
    labelNames: ["account", "code", "final"],
    registers,
  });
  const undecryptable = new Counter({
    name: "rogatory_undecryptable_total",
    help: "Attempts to decrypt a message of a room that failed.",
    labelNames: ["account", "room"],
    registers,
  });
  const malformed = new Counter({
    name: "rogatory_malformed_total",
    help: "Parts of the homeserver's answers that were left out because they are malformed.",
    labelNames: ["account"],
    registers,
  });
  const gapsLost = new Counter({
    name: "rogatory_gaps_lost_total",
    help: "Gaps in the timeline of a room that could not be filled.",
    labelNames: ["account", "room"],
    registers,
  });
  new Gauge({
    name: "rogatory_undecryptable_messages",
    help: "Messages of a room that cannot be decrypted now.",
    labelNames: ["account", "room"],
    registers,
    async collect() {
      this.reset();
      for (const { account, room_id: room, count } of await countByRoom(db, "undecryptable")) {
        this.set({ account, room }, Number(count));
      }
    },
  });
  new Gauge({
    name: "rogatory_inbox_parked_messages",
    help: "Messages of a room that could not be handled and were set aside.",
    labelNames: ["account", "room"],
    registers,
    async collect() {
      this.reset();
      for (const { account, room_id: room, count } of await countByRoom(db, "parked")) {
        this.set({ account, room }, Number(count));
      }
    },
  });
  new Gauge({
    name: "rogatory_outbox_steps",
    help: "Steps that are still to be done (pending) or were given up (dead).",
    labelNames: ["account", "state"],
    registers,
    async collect() {
      this.reset();
      for (const { account, state, count } of await openSteps(db)) {
        this.set({ account, state }, Number(count));
      }
    },
  });
  new Gauge({
    name: "rogatory_inbox_lag_seconds",
    help: "Age of the oldest message that is not handled yet; 0 if there is none.",
    labelNames: ["account"],
    registers,
    async collect() {
      this.reset();
      for (const account of lastSync.keys()) this.set({ account }, 0);
      for (const { account, oldest } of await oldestPending(db)) {
        const lag = clock.at(Number(oldest)).until(clock.now()).total("seconds");
        this.set({ account }, Math.max(0, lag));
      }
    },
  });
  new Gauge({
    name: "rogatory_sync_age_seconds",
    help: "Time since the homeserver last answered an account's sync.",
    labelNames: ["account"],
    registers,
    collect() {
      for (const [account, at] of lastSync) this.set({ account }, (performance.now() - at) / 1000);
    },
  });

  return {
    registry,
    sent: (account, step) => sent.inc({ account, step }),
    failed: (account, code, final) => failed.inc({ account, code, final: String(final) }),
    undecryptable: (account, room) => undecryptable.inc({ account, room }),
    malformed: (account, parts) => malformed.inc({ account }, parts),
    gapLost: (account, room) => gapsLost.inc({ account, room }),
    synced: (account) => void lastSync.set(account, performance.now()),
  };
}

function countByRoom(db: Kysely<Database>, state: InboxState) {
  return db
    .selectFrom("inbox")
    .select(["account", "room_id", ({ fn }) => fn.countAll<number>().as("count")])
    .where("state", "=", state)
    .groupBy(["account", "room_id"])
    .execute();
}

function openSteps(db: Kysely<Database>) {
  return db
    .selectFrom("outbox")
    .select(["account", "state", ({ fn }) => fn.countAll<number>().as("count")])
    .where("state", "in", ["pending", "dead"])
    .groupBy(["account", "state"])
    .execute();
}

function oldestPending(db: Kysely<Database>) {
  return db
    .selectFrom("inbox")
    .select(["account", ({ fn }) => fn.min("origin_server_ts").as("oldest")])
    .where("state", "in", ["pending", "held", "doubtful"])
    .groupBy("account")
    .execute();
}
