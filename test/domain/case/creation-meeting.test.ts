import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readGroup,
  readMeetingDates,
  readVenue,
} from "../../../src/domain/case/creation-meeting.ts";
import { formatDatesForProse, formatDatesForTitle } from "../../../src/domain/report/dates.ts";
import { formatOrdinal } from "../../../src/domain/report/ordinals.ts";

const standpoint = {
  zone: "Europe/Amsterdam",
  reference: Temporal.Instant.from("2026-12-01T08:15:00Z"),
};

describe("the meeting of an outcome report", () => {
  it("has its number and name read as they stand on a title page", () => {
    const title = "Focus Group on THB";
    for (const text of ["6th meeting of the Focus Group on THB", "6. Focus Group on THB"]) {
      expect(readGroup(text), text).toEqual({ ordinal: 6, title });
    }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), (ordinal) => {
        const text = `${formatOrdinal(ordinal)} meeting of ${title}`;
        expect(readGroup(text)).toEqual({ ordinal, title });
      }),
    );
    for (const text of ["Focus Group", "0th meeting of x", "6"]) {
      expect(() => readGroup(text), text).toThrow("Begin with the number");
    }
  });

  it("has its days read in every form in which reports write them", () => {
    const first = Temporal.PlainDate.from("2027-01-01");
    const days = fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(days, ([begin, length]) => {
        const start = first.add({ days: begin });
        const end = start.add({ days: length });
        const range = { start, end };
        const dates = { from: start.toString(), to: end.toString() };
        const title = formatDatesForTitle(range, "en-dash");
        for (const text of [title, formatDatesForTitle(range, "hyphen")]) {
          expect(readMeetingDates(text, standpoint), text).toEqual(dates);
        }
        for (const text of [formatDatesForProse(range), `${start} to ${end}`]) {
          expect(readMeetingDates(text, standpoint), text).toEqual(dates);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("refuses what is no day, or more than days, with what to write instead", () => {
    for (const text of ["sometime", "7 October 2027 in The Hague", "31 February 2027", ""]) {
      expect(() => readMeetingDates(text, standpoint), text).toThrow("write for instance 7–8");
    }
    expect(() => readMeetingDates("8 October 2027 to 7 October 2027", standpoint)).toThrow(
      "write the first day first",
    );
  });

  it("has organisation and place read apart", () => {
    expect(readVenue("EUROJUST, The Hague, NL")).toEqual({
      ...{ organisation: "EUROJUST", place: "The Hague, NL" },
    });
    for (const text of ["EUROJUST", ", The Hague", ""]) {
      expect(() => readVenue(text), text).toThrow("a comma, and the place");
    }
  });
});
