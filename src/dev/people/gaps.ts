import { setTimeout as delay } from "node:timers/promises";
import {
  Direction,
  EventTimeline,
  KnownMembership,
  type MatrixClient,
  MatrixError,
  type MatrixEvent,
  RoomEvent,
} from "matrix-js-sdk";

const PAGE = 100;
const RETRY_MILLISECONDS = 1000;

/** Events that a client has been given, by their ids. */
type Known = ReadonlySet<string>;

/**
 * Reads what a sync has left out, as people do who scroll up: of a long absence, their own or their
 * homeserver's, only the newest events come by themselves.
 *
 * @param known grows with what is read
 */
export function readGaps(
  client: MatrixClient,
  known: Known,
  read: (event: MatrixEvent) => void,
): void {
  client.on(RoomEvent.TimelineReset, (room, timelines) => {
    if (room === undefined || timelines !== room.getUnfilteredTimelineSet()) return;
    // Who is only just joining has missed nothing that they may read.
    if (room.getMyMembership() !== KnownMembership.Join) return;
    const from = room.getLiveTimeline().getPaginationToken(EventTimeline.BACKWARDS);
    // A client that is stopped meanwhile has nothing more to read.
    if (from !== null) fillGap(room.roomId, from).catch(() => {});
  });

  /**
   * A homeserver that was away fetches the pages from another one as they are asked for, and when two
   * people ask at once it may leave some out: one looks again until nothing is new.
   */
  async function fillGap(roomId: string, from: string): Promise<void> {
    const before: Known = new Set(known);
    while (await pageBack(roomId, from, before));
  }

  /** @returns whether something was new on the way back to what was known before the gap */
  async function pageBack(roomId: string, from: string, before: Known): Promise<boolean> {
    const toEvent = client.getEventMapper({ decrypt: false });
    let foundNew = false;
    for (let token: string | undefined = from; token !== undefined; ) {
      const { chunk, end } = await page(roomId, token);
      for (const event of chunk) {
        if (known.has(event.event_id)) continue;
        foundNew = true;
        read(toEvent(event));
      }
      if (chunk.every(({ event_id: eventId }) => before.has(eventId))) break;
      token = end;
    }
    return foundNew;
  }

  async function page(roomId: string, token: string) {
    for (;;) {
      try {
        return await client.createMessagesRequest(roomId, token, PAGE, Direction.Backward);
      } catch (error) {
        const refused = error instanceof MatrixError && (error.httpStatus ?? 500) < 500;
        if (!client.clientRunning || (refused && !error.isRateLimitError())) throw error;
        // The homeserver is away, or busy with asking the other one.
        await delay(RETRY_MILLISECONDS);
      }
    }
  }
}
