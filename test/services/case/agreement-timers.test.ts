import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { daysLeft, endOfAgreement } from "../../../src/domain/case/agreement.ts";
import { alarmAt } from "../../../src/services/case/agreement-timers.ts";
import { endOfRetention } from "../../../src/services/case/retention.ts";

const zone = fc.constantFrom(
  "Europe/Amsterdam",
  "Europe/Bucharest",
  "Europe/Lisbon",
  "America/New_York",
  // Summer time begins at midnight there: a day without a beginning at 00:00.
  "America/Santiago",
  "Asia/Beirut",
  "Pacific/Apia",
);
const day = fc
  .integer({ min: 0, max: 5000 })
  .map((days) => Temporal.PlainDate.from("2024-01-01").add({ days }).toString());

describe("the alarms of an agreement", () => {
  it("come that many calendar days before its last day, at the same time by the clock, in every zone", () => {
    fc.assert(
      fc.property(day, zone, fc.constantFrom(90, 60, 30, 14, 7), (last, timeZone, days) => {
        const instant = alarmAt(last, days, { alarmTime: "09:00", zone: timeZone });
        const there = instant.toZonedDateTimeISO(timeZone);
        expect([there.hour, there.minute]).toEqual([9, 0]);
        expect(daysLeft(last, instant, timeZone)).toBe(days);
        expect(Temporal.Instant.compare(instant, endOfAgreement(last, timeZone))).toBe(-1);
      }),
    );
  });

  it("leave the last day whole: it ends when the next one begins", () => {
    fc.assert(
      fc.property(day, zone, (last, timeZone) => {
        const end = endOfAgreement(last, timeZone);
        expect(daysLeft(last, end, timeZone)).toBe(-1);
        expect(daysLeft(last, end.subtract({ nanoseconds: 1 }), timeZone)).toBe(0);
      }),
    );
  });
});

describe("the end of a retention time", () => {
  it("is never earlier than the period after its beginning, and at most a day and an hour later", () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date("2024-01-01"),
          max: new Date("2040-01-01"),
          noInvalidDate: true,
        }),
        zone,
        fc.constantFrom("P28D", "P90D", "P3Y", "P5Y"),
        (date, timeZone, keep) => {
          const since = Temporal.Instant.fromEpochMilliseconds(date.getTime());
          const period = Temporal.Duration.from(keep);
          const least = since.toZonedDateTimeISO(timeZone).add(period).toInstant();
          const end = endOfRetention(since, period, timeZone);
          expect(Temporal.Instant.compare(end, least)).toBeGreaterThanOrEqual(0);
          expect(least.until(end).total("hours")).toBeLessThanOrEqual(25);
        },
      ),
    );
  });
});
