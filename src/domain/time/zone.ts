import { RogatoryError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";
import { formatDate, formatTime } from "./format.ts";
import type { MaskedText, Span } from "./mask.ts";

export interface FoundZone extends Span {
  readonly zone: string;
}

const ZONE =
  /\(?\s*(?<![\w/])(UTC|GMT|[A-Za-z][A-Za-z_]+(?:\/[A-Za-z][A-Za-z_+0-9-]+){1,2})(?![\w/])\s*\)?/g;
const REGION =
  /^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\//i;

/**
 * Every IANA zone that is named in a text; words with a slash that are no zones are left alone.
 *
 * @throws RogatoryError `time.zone` for a mistyped one: the meeting would be in another zone
 */
export function findZones(text: MaskedText): FoundZone[] {
  const found: FoundZone[] = [];
  for (const match of text.visible.matchAll(ZONE)) {
    const name = match[1] ?? "";
    const zone = canonicalZone(name);
    if (zone === undefined && REGION.test(name)) throw unknownZone(name);
    if (zone !== undefined)
      found.push({ zone, from: match.index, to: match.index + match[0].length });
  }
  return found;
}

function unknownZone(name: string): RogatoryError {
  const guess = nearest(name, Intl.supportedValuesOf("timeZone"));
  const hint =
    guess === undefined ? "Write one such as Europe/Amsterdam." : `Did you mean ${guess}?`;
  return new RogatoryError("time.zone", `There is no time zone “${name}”. ${hint}`);
}

/** `UTC` for GMT too; undefined when there is no such zone. */
export function canonicalZone(name: string): string | undefined {
  if (name === "GMT") return "UTC";
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch {
    return undefined;
  }
}

/**
 * The moment at which the clocks of a zone show a date and time.
 *
 * @throws RogatoryError `time.skipped` or `time.twice` when daylight saving makes that none or two:
 * a meeting an hour off is worse than a question.
 */
export function atWallClock(clock: Temporal.PlainDateTime, zone: string): Temporal.ZonedDateTime {
  const earlier = clock.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = clock.toZonedDateTime(zone, { disambiguation: "later" });
  if (earlier.equals(later)) return earlier;
  const said = `${formatTime(clock)} on ${formatDate(clock)}`;
  if (!earlier.toPlainDateTime().equals(clock)) {
    throw new RogatoryError(
      "time.skipped",
      `There is no ${said} in ${zone}: the clocks go forward over it. ` +
        `Write ${formatTime(earlier)} or ${formatTime(later)} instead.`,
    );
  }
  const [first, second] = [earlier, later].map((moment) => {
    const utc = moment.withTimeZone("UTC");
    return `“${formatDate(utc)} at ${formatTime(utc)} UTC”`;
  });
  throw new RogatoryError(
    "time.twice",
    `${said} comes twice in ${zone}: the clocks go back then. ` +
      `Say which one in UTC: ${first} for the first, ${second} for the second.`,
  );
}
