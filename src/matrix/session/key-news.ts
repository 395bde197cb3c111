import type { SyncResponse } from "./sync-response.ts";

/** What the crypto hears in every response, whether or not there is anything new. */
type KeyChanges = Pick<
  SyncResponse,
  "to_device" | "device_lists" | "device_one_time_keys_count" | "device_unused_fallback_key_types"
>;

/** Fallback keys are renewed and stale verifications ended only while the crypto is told something. */
const tellAtLeastEvery = Temporal.Duration.from({ minutes: 1 });

/**
 * Whether a response says anything about keys and devices. Most say nothing, and telling the crypto
 * nothing costs it a COMMIT before each message.
 */
export class KeyNews {
  #counts: string | undefined;
  #toldAt: Temporal.Instant | undefined;

  isIn(response: KeyChanges, now: Temporal.Instant): boolean {
    const { device_lists: lists } = response;
    return (
      response.to_device.events.length > 0 ||
      (lists !== undefined && lists.changed.length + lists.left.length > 0) ||
      this.#counts !== countsOf(response) ||
      this.#toldAt === undefined ||
      Temporal.Duration.compare(now.since(this.#toldAt), tellAtLeastEvery) >= 0
    );
  }

  told(response: KeyChanges, now: Temporal.Instant): void {
    this.#counts = countsOf(response);
    this.#toldAt = now;
  }
}

function countsOf(response: KeyChanges): string {
  return JSON.stringify([
    response.device_one_time_keys_count,
    response.device_unused_fallback_key_types,
  ]);
}
