/** The one way dates and times are written for people: day first, month in words, zone named. */

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

/** Anything with a calendar date: a plain date, a date and time, or a zoned date and time. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly dayOfWeek: number;
}

export interface ClockTime {
  readonly hour: number;
  readonly minute: number;
}

/** `Tuesday` */
export function formatWeekday(day: Pick<CalendarDay, "dayOfWeek">): string {
  return WEEKDAYS[day.dayOfWeek - 1] ?? "";
}

/** `15 December` */
export function formatDayAndMonth({ day, month }: Pick<CalendarDay, "day" | "month">): string {
  return `${day} ${MONTHS[month - 1] ?? ""}`;
}

/** `15 December 2026` */
export function formatDate(day: CalendarDay): string {
  return `${formatDayAndMonth(day)} ${day.year}`;
}

/** `Tue 15 December 2026` */
export function formatDay(day: CalendarDay): string {
  return `${formatWeekday(day).slice(0, 3)} ${formatDate(day)}`;
}

/** `09:30`, always on the 24-hour clock. */
export function formatTime(time: ClockTime): string {
  return `${String(time.hour).padStart(2, "0")}:${String(time.minute).padStart(2, "0")}`;
}

/** `Tue 15 December 2026, 09:30 (Europe/Amsterdam)` */
export function formatMoment(moment: Temporal.ZonedDateTime): string {
  return `${formatDay(moment)}, ${formatTime(moment)} (${moment.timeZoneId})`;
}

/**
 * `Tue 15 December 2026, 09:30–11:30 (Europe/Amsterdam)`, or with both days when the end lies on
 * another one: `Tue 15 December 2026, 22:00 – Wed 16 December 2026, 02:00 (Europe/Amsterdam)`.
 * Both ends are written in the zone of `start`.
 */
export function formatPeriod(
  start: Temporal.ZonedDateTime,
  end?: Temporal.ZonedDateTime | undefined,
): string {
  if (end === undefined) return formatMoment(start);
  const zone = start.timeZoneId;
  const last = end.withTimeZone(zone);
  const from = `${formatDay(start)}, ${formatTime(start)}`;
  return start.toPlainDate().equals(last.toPlainDate())
    ? `${from}–${formatTime(last)} (${zone})`
    : `${from} – ${formatDay(last)}, ${formatTime(last)} (${zone})`;
}

/**
 * The period in its own zone and, where the reader's clock shows something else, in the reader's:
 * `Tue 15 December 2026, 09:30–11:30 (Europe/Amsterdam), that is 10:30–12:30 in Europe/Bucharest`.
 */
export function formatPeriodFor(
  readerZone: string,
  start: Temporal.ZonedDateTime,
  end?: Temporal.ZonedDateTime | undefined,
): string {
  const period = formatPeriod(start, end);
  const there = start.withTimeZone(readerZone);
  const endThere = end?.withTimeZone(readerZone);
  const endHere = end?.withTimeZone(start.timeZoneId);
  const sameClock =
    there.toPlainDateTime().equals(start.toPlainDateTime()) &&
    (endThere === undefined ||
      endHere === undefined ||
      endThere.toPlainDateTime().equals(endHere.toPlainDateTime()));
  if (sameClock) return period;
  const sameDay =
    there.toPlainDate().equals(start.toPlainDate()) &&
    (endThere === undefined || endThere.toPlainDate().equals(there.toPlainDate()));
  if (!sameDay) return `${period}, that is ${formatPeriod(there, endThere)}`;
  const times =
    endThere === undefined ? formatTime(there) : `${formatTime(there)}–${formatTime(endThere)}`;
  return `${period}, that is ${times} in ${readerZone}`;
}

/** `2 h`, `90 min` as `1 h 30 min`, `45 min`. */
export function formatDuration(duration: Temporal.Duration): string {
  const total = Math.round(duration.total({ unit: "minutes" }));
  const hours = Math.floor(total / 60);
  const minutes = total % 60;
  const parts = [hours > 0 ? `${hours} h` : "", minutes > 0 || hours === 0 ? `${minutes} min` : ""];
  return parts.filter((part) => part !== "").join(" ");
}

/**
 * What the clocks of some zones show at a period, for zones where that differs from its own:
 * `10:30–12:30 in Europe/Bucharest`. Zones with the same clock share one entry.
 */
export function formatLocalTimes(
  start: Temporal.ZonedDateTime,
  end: Temporal.ZonedDateTime | undefined,
  zones: Iterable<string>,
): readonly string[] {
  const byClock = new Map<string, string[]>();
  for (const zone of [...new Set(zones)].sort()) {
    const there = start.withTimeZone(zone);
    if (there.toPlainDateTime().equals(start.toPlainDateTime())) continue;
    const endThere = end?.withTimeZone(zone);
    const day = there.toPlainDate().equals(start.toPlainDate()) ? "" : `${formatDay(there)}, `;
    const clock = `${day}${formatTime(there)}${endThere === undefined ? "" : `–${formatTime(endThere)}`}`;
    byClock.set(clock, [...(byClock.get(clock) ?? []), zone]);
  }
  return [...byClock].map(([clock, sharing]) => `${clock} in ${sharing.join(", ")}`);
}
