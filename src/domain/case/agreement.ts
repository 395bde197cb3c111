/** An agreement begins at 00:00 of its first day, where the case is. */
export function beginningOfAgreement(firstDay: string, zone: string): Temporal.Instant {
  return Temporal.PlainDate.from(firstDay).toZonedDateTime(zone).toInstant();
}

/** An agreement ends at 24:00 of its last day, where the case is. */
export function endOfAgreement(lastDay: string, zone: string): Temporal.Instant {
  return Temporal.PlainDate.from(lastDay).add({ days: 1 }).toZonedDateTime(zone).toInstant();
}

/** Calendar days from an instant to the last day: 0 on that day itself, negative after it. */
export function daysLeft(lastDay: string, now: Temporal.Instant, zone: string): number {
  const today = now.toZonedDateTimeISO(zone).toPlainDate();
  return today.until(Temporal.PlainDate.from(lastDay)).total("days");
}
