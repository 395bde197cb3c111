import type { Kysely } from "kysely";
import { z } from "zod";
import { isConnectionLost } from "../db/connection-lost.ts";
import {
  listOpenGaps,
  noteGapFailure,
  type TimelineGap,
} from "../db/repositories/timeline-gaps.ts";
import type { Database } from "../db/schema.ts";
import type { RoomId, UserId } from "../domain/ids.ts";
import { HomeserverError, path, UnreachableError } from "../matrix/http.ts";
import type { Session } from "../matrix/session/session.ts";
import { gapFilter } from "../matrix/session/sync-filter.ts";
import { type MessagesPage, readMessagesPage } from "../matrix/session/sync-response.ts";
import { saveGapPage } from "../matrix/session/sync-store.ts";
import { Wakeable } from "./wakeable.ts";

export interface GapOptions {
  readonly db: Kysely<Database>;
  readonly session: Pick<Session, "http" | "userId">;
  readonly ownAccounts: ReadonlySet<UserId>;
  now(): Temporal.Instant;
  /** Something may be waiting in the inbox. */
  onFetched(page: { readonly malformed: number }): void;
  onFailure(failure: {
    readonly room: RoomId;
    readonly code: string;
    /** The gap is given up. */
    readonly final: boolean;
  }): void;
}

const pageSize = "50";
const longestPauseSeconds = 3600;
/** By then it has been tried for a day. */
const attemptsUntilGivenUp = 36;
/** While nobody answers, nothing is known against the room: it is not given up. */
const attemptsCountedInSilence = 12;

/**
 * Fetches what the homeserver left out of an account's timelines, oldest first, page by page. A room
 * of which nothing comes waits longer each time, and no other room waits for it.
 */
export class GapWorker extends Wakeable {
  readonly #options: GapOptions;
  readonly #stopping = new AbortController();

  constructor(options: GapOptions) {
    super();
    this.#options = options;
  }

  override async stop(): Promise<void> {
    this.#stopping.abort();
    await super.stop();
  }

  protected override async work(): Promise<number | undefined> {
    const { db, session, now } = this.#options;
    for (;;) {
      const open = await listOpenGaps(db, session.userId);
      const due = open.filter(
        ({ retryAt }) => retryAt === undefined || Temporal.Instant.compare(retryAt, now()) <= 0,
      );
      for (const gap of due) {
        if (this.#stopping.signal.aborted) return undefined;
        await this.#fetch(gap);
      }
      if (due.length > 0) continue;
      const waits = open.flatMap(({ retryAt }) =>
        retryAt === undefined ? [] : [now().until(retryAt).total("milliseconds")],
      );
      return waits.length === 0 ? undefined : Math.max(10, Math.min(...waits));
    }
  }

  async #fetch(gap: TimelineGap): Promise<void> {
    const { db, session, ownAccounts, now } = this.#options;
    let page: MessagesPage;
    try {
      page = await this.#ask(gap);
    } catch (error) {
      if (!this.#stopping.signal.aborted) await this.#postpone(gap, error);
      return;
    }
    const receiver = { account: session.userId, ownAccounts, now: now() };
    // A page without an event may be in the middle: what we may not see is left out of it.
    const next = page.end === gap.from ? undefined : page.end;
    const kept = { events: page.events, next };
    await saveGapPage(db, receiver, gap, kept);
    this.#options.onFetched({ malformed: page.malformed });
  }

  async #ask({ roomId, from, to }: TimelineGap): Promise<MessagesPage> {
    const json = await this.#options.session.http.json(
      "GET",
      path`/_matrix/client/v3/rooms/${roomId}/messages`,
      z.unknown(),
      {
        query: { dir: "f", from, to, limit: pageSize, filter: gapFilter },
        signal: this.#stopping.signal,
      },
    );
    const page = readMessagesPage(json);
    if (page === undefined) throw new UnreachableError("the answer is no page of messages");
    return page;
  }

  async #postpone(gap: TimelineGap, error: unknown): Promise<void> {
    if (isConnectionLost(error)) throw error;
    const isAnswer = error instanceof HomeserverError;
    if (!isAnswer && !(error instanceof UnreachableError)) throw error;
    const attempts = isAnswer
      ? gap.attempts + 1
      : Math.max(gap.attempts, Math.min(gap.attempts + 1, attemptsCountedInSilence));
    const final = isAnswer && (!error.isPassing || attempts >= attemptsUntilGivenUp);
    const code = isAnswer ? error.errcode.slice(0, 64).replaceAll(/[^\w.-]/g, "") : "unreachable";
    const asked = isAnswer ? error.retryAfterMs : undefined;
    const seconds = Math.min(longestPauseSeconds, 2 ** Math.min(attempts, 12));
    const now = this.#options.now();
    const retryAt = final
      ? undefined
      : now.add({
          milliseconds: Math.min(longestPauseSeconds * 1000, Math.round(asked ?? seconds * 1000)),
        });
    await this.#options.db
      .transaction()
      .execute((transaction) =>
        noteGapFailure(transaction, gap.id, { attempts, code, retryAt, now }),
      );
    this.#options.onFailure({ room: gap.roomId, code, final });
  }
}
