import { setTimeout as delay } from "node:timers/promises";
import {
  Direction,
  KnownMembership,
  type MatrixClient,
  MatrixError,
  type MatrixEvent,
} from "matrix-js-sdk";
import { z } from "zod";

const PAGE = 100;
const RETRY_MILLISECONDS = 1000;

const Timelines = z.object({
  rooms: z.object({
    join: z
      .record(z.string(), z.object({ timeline: z.object({ limited: z.boolean() }) }))
      .default({}),
  }),
});

/**
 * Hears of rooms of which a sync has left something out, from the response itself: a client that has
 * said something meanwhile takes its own message for the end of the gap, and tells nobody of it.
 */
export class GapWatch {
  #onGap: (roomId: string) => void = () => {};

  /** A `fetch` that looks at the answers of syncs on their way to the client. */
  watch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return async (input, init) => {
      const response = await fetch(input, init);
      const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input);
      if (!pathname.endsWith("/sync") || !searchParams.has("since")) return response;
      const text = await response.text();
      // Most have no gap, and are long.
      if (text.includes('"limited":true')) this.#look(text);
      return new Response(text, response);
    };
  }

  onGap(listener: (roomId: string) => void): void {
    this.#onGap = listener;
  }

  #look(text: string): void {
    const { join } = Timelines.parse(JSON.parse(text)).rooms;
    for (const [roomId, { timeline }] of Object.entries(join)) {
      if (timeline.limited) this.#onGap(roomId);
    }
  }
}

/**
 * Reads what a sync has left out, as people do who scroll up: of a long absence, their own or their
 * homeserver's, only the newest events come by themselves.
 *
 * @param known the ids of what was read; grows with what is
 */
export function readGaps(
  client: MatrixClient,
  gaps: GapWatch,
  known: ReadonlySet<string>,
  read: (event: MatrixEvent) => void,
): void {
  gaps.onGap((roomId) => {
    // Who is only just joining has missed nothing that they may read.
    if (client.getRoom(roomId)?.getMyMembership() !== KnownMembership.Join) return;
    // A client that is stopped meanwhile has nothing more to read.
    fillGap(roomId).catch(() => {});
  });

  /**
   * A homeserver that was away fetches the pages from another one as they are asked for, and when two
   * people ask at once it may leave some out: one looks again until nothing is new.
   */
  async function fillGap(roomId: string): Promise<void> {
    const before: ReadonlySet<string> = new Set(known);
    while (await pageBack(roomId, before));
  }

  /** @returns whether something was new on the way back to what was known before the gap */
  async function pageBack(roomId: string, before: ReadonlySet<string>): Promise<boolean> {
    const toEvent = client.getEventMapper({ decrypt: false });
    let foundNew = false;
    let from: string | null = null;
    do {
      const { chunk, end } = await page(roomId, from);
      for (const event of chunk) {
        if (known.has(event.event_id)) continue;
        foundNew = true;
        read(toEvent(event));
      }
      if (chunk.every(({ event_id: eventId }) => before.has(eventId))) break;
      from = end ?? null;
    } while (from !== null);
    return foundNew;
  }

  async function page(roomId: string, from: string | null) {
    for (;;) {
      try {
        return await client.createMessagesRequest(roomId, from, PAGE, Direction.Backward);
      } catch (error) {
        const refused = error instanceof MatrixError && (error.httpStatus ?? 500) < 500;
        if (!client.clientRunning || (refused && !error.isRateLimitError())) throw error;
        // The homeserver is away, or busy with asking the other one.
        await delay(RETRY_MILLISECONDS);
      }
    }
  }
}
