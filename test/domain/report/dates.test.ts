import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDatesForProse, formatDatesForTitle } from "../../../src/domain/report/dates.ts";
import { formatOrdinal, formatOrdinalWord } from "../../../src/domain/report/ordinals.ts";

function range(start: string, end: string) {
  return { start: Temporal.PlainDate.from(start), end: Temporal.PlainDate.from(end) };
}

describe("dates of a meeting", () => {
  it.each([
    ["2025-09-24", "2025-09-25", "24–25 September 2025", "24 and 25 September 2025"],
    ["2025-09-24", "2025-09-24", "24 September 2025", "24 September 2025"],
    ["2025-09-24", "2025-09-26", "24–26 September 2025", "24 to 26 September 2025"],
    ["2025-06-30", "2025-07-01", "30 June–1 July 2025", "30 June and 1 July 2025"],
    [
      "2025-12-31",
      "2026-01-01",
      "31 December 2025–1 January 2026",
      "31 December 2025 and 1 January 2026",
    ],
  ])("from %s to %s are written %s and %s", (start, end, title, prose) => {
    expect(formatDatesForTitle(range(start, end), "en-dash")).toBe(title);
    expect(formatDatesForProse(range(start, end))).toBe(prose);
  });

  it("have an ASCII hyphen on the title page when the template wants it", () => {
    expect(formatDatesForTitle(range("2025-09-24", "2025-09-25"), "hyphen")).toBe(
      "24-25 September 2025",
    );
  });

  it("always end with the day, month and year of the last day", () => {
    const day = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 400 }), (from, length) => {
        const start = Temporal.PlainDate.from("2000-01-01").add({ days: from });
        const end = start.add({ days: length });
        const last = end.toLocaleString("en-GB", {
          day: "numeric",
          month: "long",
          year: "numeric",
        });
        expect(formatDatesForTitle({ start, end }, "en-dash").endsWith(last)).toBe(true);
        expect(formatDatesForProse({ start, end }).endsWith(last)).toBe(true);
      }),
    );
  });
});

describe("ordinals", () => {
  it("have the right endings", () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(formatOrdinal)).toEqual([
      "1st",
      "2nd",
      "3rd",
      "4th",
      "11th",
      "12th",
      "13th",
      "21st",
      "112th",
    ]);
    expect([4, 12, 13].map(formatOrdinalWord)).toEqual(["fourth", "twelfth", "13th"]);
  });
});
