import { RogatoryError } from "../errors.ts";
import type { Standpoint } from "../time/reading.ts";
import { parseWhen } from "../time/when.ts";
import { LONGEST_TITLE, LONGEST_VENUE, MeetingKind, meetingKinds } from "./meeting.ts";

/** What `!meeting schedule` was told. */
export interface Invitation {
  readonly kind: MeetingKind;
  readonly title: string;
  readonly start: Temporal.ZonedDateTime;
  readonly end: Temporal.ZonedDateTime | undefined;
  readonly venue: string | undefined;
}

const VENUE = /[\s,;]*\bvenue\s*[:=]\s*(?<venue>\S[\s\S]*)$/i;

/**
 * Reads `[kind] <date, time and title> [venue: <place>]`; without a title the kind is the title.
 *
 * @throws RogatoryError `time.*` when there is no date and time that can be relied on;
 * `meeting.words` when there is more than a title
 */
export function parseInvitation(
  said: string,
  standpoint: Standpoint,
  usualKind: MeetingKind,
): Invitation {
  if (said.trim().length > LONGEST_TITLE + LONGEST_VENUE) throw tooLong();
  const [, firstWord = "", afterFirst = ""] = /^\s*(\S*)([\s\S]*)$/.exec(said) ?? [];
  const named = MeetingKind.safeParse(firstWord.toLowerCase().replace(/[:,]$/, ""));
  const kind = named.success ? named.data : usualKind;
  const text = named.success ? afterFirst : said;
  const venue = VENUE.exec(text);
  const { start, end, rest } = parseWhen(
    venue === null ? text : text.slice(0, venue.index),
    standpoint,
  );
  const place = venue?.groups?.venue?.trim();
  if (rest.length > LONGEST_TITLE || (place ?? "").length > LONGEST_VENUE) throw tooLong();
  return {
    kind,
    title: rest === "" ? meetingKinds[kind] : rest,
    start,
    end,
    venue: place,
  };
}

function tooLong(): RogatoryError {
  return new RogatoryError(
    "meeting.words",
    `That is too long for a title (${LONGEST_TITLE} characters) and a venue (${LONGEST_VENUE}). Send the rest as an ordinary message.`,
  );
}
