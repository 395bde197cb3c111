import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDate } from "../../../src/domain/time/date.ts";
import { formatDate } from "../../../src/domain/time/format.ts";

/** Tuesday 1 December 2026, 10:15 in Bucharest. */
const bucharest = {
  zone: "Europe/Bucharest",
  reference: Temporal.Instant.from("2026-12-01T08:15:00Z"),
};

describe("a date as people type it", () => {
  it.each([
    ["11 December", "11 December 2026"],
    ["11/12/2026", "11 December 2026"],
    ["2026-12-11", "11 December 2026"],
    ["Friday", "4 December 2026"],
    ["Tue 1 Dec", "1 December 2026"],
    ["tomorrow", "2 December 2026"],
    ["the day after tomorrow", "3 December 2026"],
    ["in 2 weeks", "15 December 2026"],
    ["11 January at 10:00", "11 January 2027"],
  ])("%s", (said, expected) => {
    expect(formatDate(parseDate(said, bucharest).date)).toBe(expected);
  });

  it.each([
    ["31/02/2027", /not a date that exists/],
    ["12/31/2026", /the day comes first/],
    ["Monday 11 December 2026", /is a Friday, not a Monday/],
    ["soon", /“soon” is not a date that exists.*“15 December 2026”/],
    ["11 December, or 12 January", /Which one is meant/],
  ])("refuses %s with what to write instead", (said, expected) => {
    expect(() => parseDate(said, bucharest)).toThrow(expected);
  });

  it("reads back every date as it is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 365 * 30 }), (days) => {
        const date = Temporal.PlainDate.from("2015-01-01").add({ days });
        expect(parseDate(formatDate(date), bucharest).date.toString()).toBe(date.toString());
      }),
    );
  });
});
