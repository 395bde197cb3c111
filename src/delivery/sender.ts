import type { Kysely } from "kysely";
import { z } from "zod";
import { findCase } from "../db/repositories/cases.ts";
import { placeOfPayload, Step } from "../db/repositories/outbox.ts";
import type { Database } from "../db/schema.ts";
import { RogatoryError } from "../domain/errors.ts";
import type { CaseId } from "../domain/ids.ts";
import { HomeserverError, UnreachableError } from "../matrix/http.ts";
import type { SealBox } from "../vault/seal-box.ts";
import type { Vault } from "../vault/vault.ts";
import { NobodyThereError, RoomNotReadyError, type StepRun } from "./step-run.ts";
import { carryOut } from "./steps.ts";
import { Wakeable } from "./wakeable.ts";

type OutboxRow = Pick<
  Database["outbox"],
  | "account"
  | "lane"
  | "kind"
  | "case_id"
  | "payload"
  | "progress"
  | "transaction_id"
  | "attempts"
  | "not_before"
> & { readonly position: number };

export interface SenderOptions {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly session: StepRun["session"];
  now(): Temporal.Instant;
  /** What went wrong, for the log: a code, never content. */
  onFailure(failure: {
    readonly step: string;
    readonly code: string;
    readonly final: boolean;
  }): void;
  /** A step of this kind was carried out. */
  onSent?(step: string): void;
  /** Called when a step is done: others may have waited for it. */
  onDone(): void;
  /** The outcome of a step could not be kept; the process must end. */
  onFatal(error: unknown): void;
}

/**
 * Making rooms and letting people in may wait for other homeservers, each of them for a minute: such
 * steps have places of their own, so that they never hold all of those in which people are answered.
 */
const lanesAtOnce = { entering: 6, speaking: 8 } as const;
type Pool = keyof typeof lanesAtOnce;

const enteringKinds: ReadonlySet<string> = new Set<Step["kind"]>([
  ...(["create-room", "create-management", "invite", "bring-in", "join"] as const),
]);
const longestPauseMs = 5 * 60_000;
const anything = z.unknown();

/**
 * Carries out one account's outbox: each lane in its order, lanes independent of each other. What
 * fails for the moment is tried again with growing pauses; what can never succeed becomes a dead
 * letter, and the lane goes on.
 */
export class Sender extends Wakeable {
  readonly #options: SenderOptions;
  readonly #busy = new Map<string, { readonly pool: Pool; readonly attempt: Promise<void> }>();

  constructor(options: SenderOptions) {
    super();
    this.#options = options;
  }

  /** Starts what is due in every idle lane; the end of a step asks for the next round. */
  protected override async work(): Promise<number | undefined> {
    const now = this.#options.now();
    const idle = (await this.#heads()).filter(({ lane }) => !this.#busy.has(lane));
    const waiting: string[] = [];
    for (const row of idle) {
      if (row.not_before !== null && isAfter(row.not_before, now)) waiting.push(row.not_before);
      else this.#beginIfFree(row);
    }
    return pauseUntil(waiting, now);
  }

  override async stop(): Promise<void> {
    await super.stop();
    await Promise.all([...this.#busy.values()].map(({ attempt }) => attempt));
  }

  #beginIfFree(row: OutboxRow): void {
    const pool = enteringKinds.has(row.kind) ? "entering" : "speaking";
    const busy = [...this.#busy.values()].filter((other) => other.pool === pool);
    if (busy.length >= lanesAtOnce[pool]) return;
    const attempt = this.#attempt(row).finally(() => {
      this.#busy.delete(row.lane);
      this.wake();
    });
    this.#busy.set(row.lane, { pool, attempt });
  }

  /**
   * The oldest open step of each lane, where no other lane has to be empty first. Lanes are looked for
   * first and what they wait for afterwards: with a thousand open steps, the planner of PostgreSQL takes
   * a hundred times as long for both at once.
   */
  #heads() {
    const { db, session } = this.#options;
    const heads = db
      .selectFrom("outbox")
      .select([
        "account",
        "lane",
        "kind",
        "after_lane",
        "case_id",
        "payload",
        "progress",
        "transaction_id",
        "attempts",
        "position",
        "not_before",
      ])
      .distinctOn("lane")
      .where("account", "=", session.userId)
      .where("state", "=", "pending")
      .orderBy("lane")
      .orderBy("position");
    return db
      .selectFrom(heads.as("head"))
      .selectAll()
      .where((head) =>
        head.or([
          head("after_lane", "is", null),
          head.not(
            head.exists(
              head
                .selectFrom("outbox as earlier")
                .select("earlier.position")
                .whereRef("earlier.account", "=", "head.account")
                .whereRef("earlier.lane", "=", "head.after_lane")
                .where("earlier.state", "=", "pending"),
            ),
          ),
        ]),
      )
      .orderBy("lane")
      .execute();
  }

  async #attempt(row: OutboxRow): Promise<void> {
    const { session } = this.#options;
    let kind = "unreadable";
    try {
      const box = await this.#boxOf(row.case_id);
      const place = placeOfPayload(row.account, row.transaction_id);
      const step = Step.parse(box.open(place, row.payload, anything));
      kind = step.kind;
      // Noted before the attempt: after a crash it is not known whether it had its effect. The
      // transaction id of a message makes a second attempt harmless; but of one that was put off
      // (a welcome) people who arrive meanwhile must know whether it is already on its way.
      if (kind !== "send" || row.not_before !== null) {
        await this.#update(row, { attempts: row.attempts + 1 });
      }
      const progressPlace = { ...place, column: "progress" };
      const eventId = await carryOut(step, {
        session,
        db: this.#options.db,
        box,
        transactionId: row.transaction_id,
        repeated: row.attempts > 0,
        now: () => this.#options.now(),
        progress: row.progress === null ? null : box.open(progressPlace, row.progress, anything),
        saveProgress: (progress) =>
          this.#update(row, { progress: box.seal<unknown>(progressPlace, progress) }),
      });
      await this.#update(row, {
        ...{ state: "done", attempts: row.attempts + 1, event_id: eventId ?? null, failure: null },
      });
      this.#options.onSent?.(kind);
      // Others may have waited for a room or a person, but never for a message.
      if (kind !== "send") this.#options.onDone();
    } catch (error) {
      await this.#fail(row, kind, error).catch(this.#options.onFatal);
    }
  }

  async #boxOf(caseId: CaseId | null): Promise<SealBox> {
    if (caseId === null) return this.#options.vault.system;
    const open = await findCase(this.#options.db, this.#options.vault, caseId);
    if (open === undefined)
      throw new RogatoryError("case.gone", "The case of this step no longer exists.");
    return open.seal;
  }

  async #fail(row: OutboxRow, step: string, error: unknown): Promise<void> {
    const verdict = judge(error, row.attempts);
    // Its echo may have arrived while the answer was lost: then it is done, and stays so.
    await this.#update(
      row,
      verdict.pauseMs === undefined
        ? { state: "dead", attempts: row.attempts + 1, failure: verdict.code }
        : {
            attempts: row.attempts + 1,
            failure: verdict.code,
            // It was not attempted at all: what it waits for is no failure of its own.
            ...(verdict.waits === true ? { attempts: row.attempts } : {}),
            not_before: this.#options.now().add({ milliseconds: verdict.pauseMs }).toString(),
          },
      "pending",
    );
    // Last, so that whoever is told finds the dead letter.
    this.#options.onFailure({ step, code: verdict.code, final: verdict.pauseMs === undefined });
  }

  async #update(
    row: OutboxRow,
    changes: Partial<
      Pick<
        Database["outbox"],
        "state" | "attempts" | "progress" | "not_before" | "failure" | "event_id"
      >
    >,
    onlyIf?: Database["outbox"]["state"],
  ): Promise<void> {
    await this.#options.db
      .updateTable("outbox")
      .set(changes)
      .where("account", "=", row.account)
      .where("transaction_id", "=", row.transaction_id)
      .$if(onlyIf !== undefined, (query) => query.where("state", "=", onlyIf ?? "pending"))
      .execute();
  }
}

/** What a failure means: the pause before the next attempt, or none if another attempt is pointless. */
export function judge(
  error: unknown,
  attempts: number,
): { readonly code: string; readonly pauseMs: number | undefined; readonly waits?: true } {
  const backOff = Math.min(longestPauseMs, 500 * 2 ** Math.min(attempts, 20));
  if (error instanceof RoomNotReadyError) {
    return { code: "room-not-ready", pauseMs: 1_000, waits: true };
  }
  if (error instanceof NobodyThereError) {
    return { code: "nobody-there", pauseMs: 60_000, waits: true };
  }
  if (error instanceof UnreachableError) {
    return { code: "unreachable", pauseMs: Math.max(error.retryAfterMs ?? 0, backOff) };
  }
  if (error instanceof HomeserverError) {
    if (error.status === 429) {
      return { code: error.errcode, pauseMs: Math.max(error.retryAfterMs ?? backOff, 100) };
    }
    // 401: started without our registration, the homeserver does not know our token until that is mended.
    if (error.isPassing || error.status === 401) {
      return { code: error.errcode, pauseMs: Math.max(error.retryAfterMs ?? 0, backOff) };
    }
    // Not yet joined, or not yet permitted: worth some patience, because others are still at work.
    const patience = error.status === 403 && attempts < 10;
    return { code: error.errcode, pauseMs: patience ? backOff : undefined };
  }
  if (error instanceof RogatoryError) {
    const patience = error.code === "send.unencrypted-room" && attempts < 10;
    return { code: error.code, pauseMs: patience ? backOff : undefined };
  }
  return { code: "internal", pauseMs: attempts < 10 ? backOff : undefined };
}

function isAfter(instant: string, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(Temporal.Instant.from(instant), now) > 0;
}

function pauseUntil(instants: readonly string[], now: Temporal.Instant): number | undefined {
  const pauses = instants.map((text) =>
    Temporal.Instant.from(text).since(now).total("milliseconds"),
  );
  return pauses.length === 0 ? undefined : Math.max(10, Math.min(...pauses));
}
