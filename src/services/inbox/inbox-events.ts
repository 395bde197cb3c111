import { findCaseRoom } from "../../db/repositories/cases.ts";
import {
  type InboxSummary,
  listInbox,
  lockInboxEvent,
  settleEvent,
} from "../../db/repositories/inbox-summaries.ts";
import type { InboxState } from "../../db/schema.ts";
import { RogatoryError } from "../../domain/errors.ts";
import { logDecision } from "../acts.ts";
import type { Work } from "../work.ts";

export interface ListedEvent extends Omit<InboxSummary, "sentAt"> {
  readonly sentAt: string;
  /** Seconds since then. */
  readonly age: number;
}

/** What is handled as soon as the bots run needs nobody, and a decision about it would come too late. */
const unsettled: readonly InboxState[] = ["parked", "held", "doubtful", "undecryptable"];

/**
 * The messages that wait for something or, with `parked`, only those that were set aside because handling
 * them has failed; neither what they say nor by whom.
 */
export async function listEvents(
  { db, now }: Work,
  which: { readonly parked: boolean },
): Promise<readonly ListedEvent[]> {
  const events = await listInbox(db, which.parked ? ["parked"] : unsettled);
  return events.map(({ sentAt, ...event }) => ({
    ...event,
    sentAt: sentAt.toString(),
    // Homeservers' clocks differ.
    age: Math.max(0, Math.round(sentAt.until(now).total("seconds"))),
  }));
}

/**
 * Lets a message be handled now that was set aside, or that waits: for its key, for a gap before it, or
 * for word of its sender's devices. What is missing then puts it off again.
 *
 * @throws RogatoryError `inbox.unknown` or `inbox.settled`
 */
export async function retryEvent(work: Work, id: number): Promise<void> {
  const event = await unsettledEvent(work, id);
  await settleEvent(work.db, id, "pending");
  await logSettled(work, event, "inbox.retry", {});
}

/**
 * Decides that a message is never to be handled. Its sender is not told.
 *
 * @throws RogatoryError `inbox.unknown` or `inbox.settled`
 */
export async function dropEvent(work: Work, id: number, reason: string): Promise<void> {
  const event = await unsettledEvent(work, id);
  await settleEvent(work.db, id, "dropped");
  await logSettled(work, event, "inbox.drop", { reason });
}

async function unsettledEvent({ db }: Work, id: number): Promise<InboxSummary> {
  const event = await lockInboxEvent(db, id);
  if (event === undefined) {
    throw new RogatoryError(
      "inbox.unknown",
      `There is no message ${id}: rogatory inbox list shows those that wait or were set aside.`,
    );
  }
  if (unsettled.includes(event.state)) return event;
  throw new RogatoryError(
    "inbox.settled",
    event.state === "pending"
      ? `Message ${id} is handled as soon as the bots run: nothing was changed.`
      : `Message ${id} is ${event.state} already: nothing was changed.`,
  );
}

async function logSettled(
  work: Work,
  { account, eventId, roomId, state, failure }: InboxSummary,
  act: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  const room = await findCaseRoom(work.db, roomId);
  const about = { event: eventId, account, room: roomId, state, failure };
  await logDecision(work, room?.caseId, act, { ...about, ...details });
}
