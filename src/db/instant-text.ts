import type { InstantText } from "./schema.ts";

/** An instant with milliseconds, always: of equal length, the order of texts is the order in time. */
export function instantText(instant: Temporal.Instant): InstantText {
  return instant.toString({ smallestUnit: "millisecond" });
}
