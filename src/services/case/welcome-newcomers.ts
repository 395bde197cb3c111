import type { Transaction } from "kysely";
import { roomTemplate } from "../../config/room-template.ts";
import type { OpenCase } from "../../db/repositories/cases.ts";
import { enqueueStep, type Step } from "../../db/repositories/outbox.ts";
import type { Database } from "../../db/schema.ts";
import { noticeContent } from "../../documents/message/notice.ts";
import type { CaseRoom } from "../../domain/case/case.ts";
import type { UserId } from "../../domain/ids.ts";
import type { CaseWork } from "../work.ts";
import { welcomeOutcome } from "./welcome.ts";

/**
 * How long what is said to newcomers waits for further newcomers, again after each of them: to somebody who has joined
 * at the last moment, clients and servers may not give the key of the message yet.
 */
const WAIT_SECONDS = 20;
/** The first of them does not wait longer than this. */
const LONGEST_WAIT_SECONDS = 120;
/** Least time between two of them in a room. */
const PAUSE_SECONDS = 60;

/** Lets a room's welcome be said for people who have just joined it. */
export async function welcomeNewcomers(
  db: Transaction<Database>,
  now: Temporal.Instant,
  registrar: UserId,
  { case: of, seal }: OpenCase,
  room: CaseRoom,
): Promise<void> {
  const entry = roomTemplate(of.template).rooms.find(({ kind }) => kind === room.kind);
  if (entry?.welcome === undefined) return;
  const work = { db, now, seal, caseId: of.id };
  await sayToNewcomers(work, {
    ...{ account: registrar, lane: `welcome:${room.id}`, room },
    step: {
      kind: "send",
      room: { caseRoomId: room.id },
      type: "m.room.message",
      content: noticeContent(welcomeOutcome(entry.welcome, of.profile.name)),
    },
  });
}

export interface ForNewcomers {
  readonly account: UserId;
  /** Of this room and this kind of saying alone. */
  readonly lane: string;
  readonly room: CaseRoom;
  readonly step: Step;
  /** In how many seconds at the soonest, if not as long as newcomers wait. */
  readonly wait?: number | undefined;
}

/**
 * Says something again for people who have just joined a room: with `history_visibility: joined` they
 * read nothing that was said before. One such saying at most waits for its time, and whoever comes
 * until then reads it; with each of them it waits anew, up to a limit.
 *
 * @returns when, and the slot of the step; undefined if one waited already
 */
export async function sayToNewcomers(
  { db, seal, now, caseId }: Pick<CaseWork, "db" | "seal" | "now" | "caseId">,
  { account, lane, room, step, wait = WAIT_SECONDS }: ForNewcomers,
): Promise<{ readonly due: Temporal.Instant; readonly slot: string } | undefined> {
  // Two of our accounts may hear of two newcomers at the same moment.
  await db
    .selectFrom("case_room")
    .select("id")
    .where("id", "=", room.id)
    .forNoKeyUpdate()
    .execute();
  const sayings = await db
    .selectFrom("outbox")
    .select(["position", "state", "attempts", "not_before", "created_at"])
    .where("account", "=", account)
    .where("lane", "=", lane)
    .where("kind", "=", step.kind)
    .orderBy("position", "desc")
    .limit(1)
    // Either its sending has begun, or it begins after this transaction and counts the newcomer in.
    .forNoKeyUpdate()
    .execute();
  const last = sayings[0];
  if (last?.state === "pending" && last.attempts === 0) {
    await waitLonger(db, now.add({ seconds: wait }), last);
    return undefined;
  }
  const due = latest(
    now.add({ seconds: wait }),
    last?.not_before == null
      ? undefined
      : Temporal.Instant.from(last.not_before).add({ seconds: PAUSE_SECONDS }),
  );
  const slot = String(due.epochMilliseconds);
  const place = { account, lane, caseId, cause: lane, slot };
  await enqueueStep(db, seal, now, { ...place, step, notBefore: due });
  return { due, slot };
}

/** It has not begun to be sent: it counts the newcomer in, and gives them time too. */
async function waitLonger(
  db: Transaction<Database>,
  wanted: Temporal.Instant,
  last: {
    readonly position: number;
    readonly not_before: string | null;
    readonly created_at: string;
  },
): Promise<void> {
  const limit = Temporal.Instant.from(last.created_at).add({ seconds: LONGEST_WAIT_SECONDS });
  const until = Temporal.Instant.compare(wanted, limit) < 0 ? wanted : limit;
  const before = last.not_before === null ? undefined : Temporal.Instant.from(last.not_before);
  await db
    .updateTable("outbox")
    .set({ not_before: latest(until, before).toString() })
    .where("position", "=", last.position)
    .execute();
}

function latest(one: Temporal.Instant, other: Temporal.Instant | undefined): Temporal.Instant {
  return other !== undefined && Temporal.Instant.compare(one, other) < 0 ? other : one;
}
