import { describe, expect, it } from "vitest";
import { formatDuration, formatPeriod, formatPeriodFor } from "../../../src/domain/time/format.ts";

const start = Temporal.ZonedDateTime.from("2026-12-15T09:30[Europe/Amsterdam]");

describe("dates and times for people", () => {
  it("names the weekday, the month in words and the zone", () => {
    expect(formatPeriod(start)).toBe("Tue 15 December 2026, 09:30 (Europe/Amsterdam)");
    expect(formatPeriod(start, start.add({ hours: 2 }))).toBe(
      "Tue 15 December 2026, 09:30–11:30 (Europe/Amsterdam)",
    );
  });

  it("adds the reader's own time only where their clock shows another", () => {
    const end = start.add({ hours: 2 });
    expect(formatPeriodFor("Europe/Brussels", start, end)).toBe(formatPeriod(start, end));
    expect(formatPeriodFor("Europe/Bucharest", start, end)).toBe(
      "Tue 15 December 2026, 09:30–11:30 (Europe/Amsterdam), that is 10:30–12:30 in Europe/Bucharest",
    );
    expect(formatPeriodFor("Pacific/Auckland", start)).toBe(
      "Tue 15 December 2026, 09:30 (Europe/Amsterdam), that is 21:30 in Pacific/Auckland",
    );
    expect(formatPeriodFor("Pacific/Auckland", start.add({ hours: 5 }))).toBe(
      "Tue 15 December 2026, 14:30 (Europe/Amsterdam), that is Wed 16 December 2026, 02:30 (Pacific/Auckland)",
    );
  });

  it("writes lengths in hours and minutes", () => {
    expect(formatDuration(Temporal.Duration.from({ minutes: 90 }))).toBe("1 h 30 min");
    expect(formatDuration(Temporal.Duration.from({ hours: 2 }))).toBe("2 h");
    expect(formatDuration(Temporal.Duration.from({ minutes: 45 }))).toBe("45 min");
  });
});
