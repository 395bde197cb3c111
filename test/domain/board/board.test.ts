import fc from "fast-check";
import { expect, it } from "vitest";
import { isOverdue } from "../../../src/domain/action/action.ts";
import { beginningOf, changesAt } from "../../../src/domain/board/board.ts";
import type { Meeting } from "../../../src/domain/meeting/meeting.ts";
import { isOver } from "../../../src/domain/meeting/meeting.ts";

const zones = fc.constantFrom(
  "Europe/Amsterdam",
  "Europe/Lisbon",
  "America/Sao_Paulo",
  "Asia/Beirut",
);
const now = Temporal.Instant.from("2026-10-24T21:30:00Z");

it("changes by itself exactly when a meeting that it shows is over or an action becomes overdue", () => {
  const hours = fc.integer({ min: -48, max: 48 });
  const days = fc.integer({ min: -3, max: 3 });
  fc.assert(
    fc.property(
      zones,
      fc.array(fc.tuple(hours, fc.option(fc.integer({ min: 1, max: 30 })))),
      fc.array(fc.option(days)),
      (zone, starts, dues) => {
        const today = now.toZonedDateTimeISO(zone).toPlainDate();
        const meetings = starts.map(([start, length], index): Meeting => {
          const begins = now.add({ hours: start }).toZonedDateTimeISO(zone);
          const end = length === null ? undefined : begins.add({ hours: length });
          return {
            ...{ number: index + 1, kind: "cm", title: "x", status: "scheduled" },
            ...{ start: begins, end },
          };
        });
        const actions = dues.map((due, index) => ({
          ...{ number: index + 1, status: "open" as const, text: "x", owner: { label: "x" } },
          ...(due === null ? {} : { due: today.add({ days: due }) }),
        }));
        const says = (at: Temporal.Instant) => {
          const day = at.toZonedDateTimeISO(zone).toPlainDate();
          return JSON.stringify([
            meetings.map((meeting) => isOver(meeting, at)),
            actions.map((action) => isOverdue(action, day)),
          ]);
        };
        const shown = { meetings: beginningOf(meetings, 99), actions: beginningOf(actions, 99) };
        const next = changesAt(shown, now, zone);
        if (next === undefined) {
          expect(says(now.add({ hours: 24 * 30 }))).toBe(says(now));
          return;
        }
        expect(Temporal.Instant.compare(next, now)).toBe(1);
        expect(says(next.subtract({ nanoseconds: 1 }))).toBe(says(now));
        expect(says(next)).not.toBe(says(now));
      },
    ),
  );
});

it("shows the beginning of a long list, and says how much more there is", () => {
  expect(beginningOf([1, 2, 3, 4, 5, 6, 7])).toEqual({ shown: [1, 2, 3, 4, 5], more: 2 });
  expect(beginningOf([1, 2])).toEqual({ shown: [1, 2], more: 0 });
});
