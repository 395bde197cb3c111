import { type ActionItem, isOverdue } from "../action/action.ts";
import { endOf, isOver, type Meeting } from "../meeting/meeting.ts";

/** Of a longer list a board shows the beginning. */
const SHOWN = 5;

export interface Shown<T> {
  readonly shown: readonly T[];
  /** How many more there are. */
  readonly more: number;
}

export function beginningOf<T>(all: readonly T[], most = SHOWN): Shown<T> {
  return { shown: all.slice(0, most), more: Math.max(0, all.length - most) };
}

/**
 * The next instant at which a board says something else by itself: a meeting that it shows is over, or
 * an action that it shows becomes overdue. Undefined if time alone changes nothing.
 */
export function changesAt(
  { meetings, actions }: { readonly meetings: Shown<Meeting>; readonly actions: Shown<ActionItem> },
  now: Temporal.Instant,
  zone: string,
): Temporal.Instant | undefined {
  const today = now.toZonedDateTimeISO(zone).toPlainDate();
  const ends = meetings.shown.filter((meeting) => !isOver(meeting, now)).map(endOf);
  const overdue = actions.shown.flatMap((action) =>
    action.due === undefined || isOverdue(action, today)
      ? []
      : [action.due.add({ days: 1 }).toZonedDateTime(zone).toInstant()],
  );
  return [...ends, ...overdue].toSorted(Temporal.Instant.compare)[0];
}
