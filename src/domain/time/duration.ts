import { RogatoryError } from "../errors.ts";
import type { MaskedText, Span } from "./mask.ts";

export interface FoundDuration extends Span {
  readonly duration: Temporal.Duration;
}

const FOR = /(?<![\p{L}\p{N}])for\s+/u;
const HOURS =
  /(?<hours>\d{1,3}(?:[.,]5)?)\s*(?:hours?|hrs?|h)(?:(?<attached>[0-5]?\d)(?![\d.])(?:m|min)?|\s*(?:and\s+)?(?<separate>\d{1,2})\s*(?:minutes?|mins?|m))?/u;
const MINUTES = /(?<minutes>\d{1,4})\s*(?:minutes?|mins?|m)/u;
const WORDS = /(?<half>half\s+an\s+hour)|(?<one>an?\s+hour(?<more>\s+and\s+a\s+half)?)/u;

const DURATION = new RegExp(
  `${FOR.source}(?:${HOURS.source}|${MINUTES.source}|${WORDS.source})(?![\\p{L}\\p{N}])`,
  "giu",
);

/** Every `for 2h`, `for 90 min`, `for 1h30`, `for half an hour` in a text. */
export function findDurations(text: MaskedText): FoundDuration[] {
  return [...text.visible.matchAll(DURATION)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
    duration: toDuration(match.groups ?? {}, match[0]),
  }));
}

function toDuration(groups: Readonly<Record<string, string | undefined>>, said: string) {
  const minutes = minutesOf(groups);
  if (minutes <= 0) {
    throw new RogatoryError(
      "time.duration",
      `“${said}” is no length of time. Write for instance “for 2h”, “for 90 min” or “for 1h30”.`,
    );
  }
  return Temporal.Duration.from({ hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

function minutesOf(groups: Readonly<Record<string, string | undefined>>): number {
  if (groups.half !== undefined) return 30;
  if (groups.one !== undefined) return groups.more === undefined ? 60 : 90;
  if (groups.minutes !== undefined) return Number(groups.minutes);
  const hours = Number((groups.hours ?? "0").replace(",", "."));
  return Math.round(hours * 60) + Number(groups.attached ?? groups.separate ?? "0");
}
