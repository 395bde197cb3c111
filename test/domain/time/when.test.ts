import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPeriod } from "../../../src/domain/time/format.ts";
import { parseWhen } from "../../../src/domain/time/when.ts";

/** Tuesday 1 December 2026, 10:15 in Bucharest. */
const bucharest = {
  zone: "Europe/Bucharest",
  reference: Temporal.Instant.from("2026-12-01T08:15:00Z"),
};

function read(said: string, standpoint = bucharest): string {
  const { start, end, rest } = parseWhen(said, standpoint);
  return [formatPeriod(start, end), rest].filter((part) => part !== "").join(" | ");
}

function refusal(said: string, standpoint = bucharest): string {
  try {
    return `read as ${read(said, standpoint)}`;
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("a date and time as people type it", () => {
  it.each([
    ["15 December 2026 at 09:30", "Tue 15 December 2026, 09:30 (Europe/Bucharest)"],
    ["15/12/2026 09:30", "Tue 15 December 2026, 09:30 (Europe/Bucharest)"],
    ["5/1/2027 9:30", "Tue 5 January 2027, 09:30 (Europe/Bucharest)"],
    ["15.12.2026 09.30", "Tue 15 December 2026, 09:30 (Europe/Bucharest)"],
    ["2026-12-15 09:30", "Tue 15 December 2026, 09:30 (Europe/Bucharest)"],
    ["2026-12-15T09:30+01:00", "Tue 15 December 2026, 10:30 (Europe/Bucharest)"],
    ["2026-12-15T09:30Z", "Tue 15 December 2026, 11:30 (Europe/Bucharest)"],
    ["15 December 2026 14h30", "Tue 15 December 2026, 14:30 (Europe/Bucharest)"],
    ["tomorrow 14:00", "Wed 2 December 2026, 14:00 (Europe/Bucharest)"],
    ["the day after tomorrow 14:00", "Thu 3 December 2026, 14:00 (Europe/Bucharest)"],
    ["tomorrow at noon", "Wed 2 December 2026, 12:00 (Europe/Bucharest)"],
    ["in 2 hours", "Tue 1 December 2026, 12:15 (Europe/Bucharest)"],
    ["in 3 days at 10:00", "Fri 4 December 2026, 10:00 (Europe/Bucharest)"],
    ["Fri 10:00 for 2h", "Fri 4 December 2026, 10:00–12:00 (Europe/Bucharest)"],
    ["Fri 10:00 for 90 min", "Fri 4 December 2026, 10:00–11:30 (Europe/Bucharest)"],
    ["Fri 10:00 for 1h30", "Fri 4 December 2026, 10:00–11:30 (Europe/Bucharest)"],
    ["Fri 10:00 for half an hour", "Fri 4 December 2026, 10:00–10:30 (Europe/Bucharest)"],
    ["next Tuesday at 9", "Tue 8 December 2026, 09:00 (Europe/Bucharest)"],
    ["Tuesday 09:00", "Tue 8 December 2026, 09:00 (Europe/Bucharest)"],
    ["Thursday next week 10:00", "Thu 10 December 2026, 10:00 (Europe/Bucharest)"],
    ["next week Thursday 10:00", "Thu 10 December 2026, 10:00 (Europe/Bucharest)"],
    ["Tue 1 Dec 10:00–12:00", "Tue 1 December 2026, 10:00–12:00 (Europe/Bucharest)"],
    ["10 January at 09:30", "Sun 10 January 2027, 09:30 (Europe/Bucharest)"],
    [
      "15 December 2026 from 22:00 to 02:00",
      "Tue 15 December 2026, 22:00 – Wed 16 December 2026, 02:00 (Europe/Bucharest)",
    ],
    [
      "1 March 2027 09:00 – 2 March 2027 17:00",
      "Mon 1 March 2027, 09:00 – Tue 2 March 2027, 17:00 (Europe/Bucharest)",
    ],
    [
      "1 March 2027 at 9 to 2/3/2027 17:00",
      "Mon 1 March 2027, 09:00 – Tue 2 March 2027, 17:00 (Europe/Bucharest)",
    ],
    ["on Friday, 4 December 2026, at 10.00 hours", "Fri 4 December 2026, 10:00 (Europe/Bucharest)"],
    [
      "from 4 December 2026 09:30 to 5 December 2026 12:00",
      "Fri 4 December 2026, 09:30 – Sat 5 December 2026, 12:00 (Europe/Bucharest)",
    ],
    ["15 December 2026 09:30 europe/amsterdam", "Tue 15 December 2026, 09:30 (Europe/Amsterdam)"],
    ["10:00 the day after tomorrow", "Thu 3 December 2026, 10:00 (Europe/Bucharest)"],
    ["09:30 on 15 December 2026", "Tue 15 December 2026, 09:30 (Europe/Bucharest)"],
  ])("%s", (said, expected) => {
    expect(read(said)).toBe(expected);
  });

  it.each([
    "15 December 2026 at 09:30 Europe/Amsterdam for 2h",
    "15 December 2026 at 09:30 for 2h Europe/Amsterdam",
    "15 December 2026 09:30–11:30 (Europe/Amsterdam)",
  ])("takes the zone that was written, not the sender's: %s", (said) => {
    expect(read(said)).toBe("Tue 15 December 2026, 09:30–11:30 (Europe/Amsterdam)");
    expect(parseWhen(said, bucharest).zoneWasSaid).toBe(true);
  });

  it.each([
    ["coordination meeting 15 December 2026 at 09:30", "coordination meeting"],
    ["15 December 2026 at 09:30 coordination meeting", "coordination meeting"],
    ["15 December 2026 at 09:30 for 2h: coordination meeting", "coordination meeting"],
    [
      "coordination meeting, 15 December 2026 at 09:30 Europe/Bucharest, via VC",
      "coordination meeting via VC",
    ],
    [
      '"Review of 3 March 2026 at 10:00" 15 December 2026 at 09:30',
      "Review of 3 March 2026 at 10:00",
    ],
    ["tomorrow 14:00 get ready for 2 house searches", "get ready for 2 house searches"],
    ["prepare for 2 hours of hearings, tomorrow 14:00", "prepare for 2 hours of hearings"],
    ["EIO-001 and RO/4411 tomorrow 14:00", "EIO-001 and RO/4411"],
  ])("leaves the title: %s", (said, title) => {
    const when = parseWhen(said, bucharest);
    expect(when.rest).toBe(title);
  });

  it.each([
    "tomorrow 14:00 coordination meeting for 2h",
    "for 2h, coordination meeting, tomorrow 14:00",
    "coordination meeting tomorrow 14:00 for 2h",
  ])("finds the length at either end: %s", (said) => {
    expect(read(said)).toBe(
      "Wed 2 December 2026, 14:00–16:00 (Europe/Bucharest) | coordination meeting",
    );
  });

  it("does not take a length inside the title for the length of the meeting", () => {
    expect(
      parseWhen("prepare for 2 hours of hearings, tomorrow 14:00", bucharest).end,
    ).toBeUndefined();
  });

  it("counts “tomorrow” in the sender's zone", () => {
    const late = {
      zone: "Europe/Bucharest",
      reference: Temporal.Instant.from("2026-12-01T22:30:00Z"),
    };
    expect(read("tomorrow 09:00", late)).toBe("Thu 3 December 2026, 09:00 (Europe/Bucharest)");
    expect(read("tomorrow 09:00", { ...late, zone: "Europe/Amsterdam" })).toBe(
      "Wed 2 December 2026, 09:00 (Europe/Amsterdam)",
    );
  });

  it("keeps a length exact over the change of the clocks", () => {
    expect(read("24 October 2026 at 23:00 Europe/Amsterdam for 6h")).toBe(
      "Sat 24 October 2026, 23:00 – Sun 25 October 2026, 04:00 (Europe/Amsterdam)",
    );
  });
});

describe("what is refused, with what to write instead", () => {
  it.each([
    [
      "coordination meeting",
      /^No date and time that exist were found.*“15 December 2026 at 09:30”/,
    ],
    ["", /^No date and time/],
    ["31/02/2027 09:30", /^No date and time that exist/],
    ["29 February 2027 10:00", /^No date and time that exist/],
    ["15 December 2026", /^At what time on Tue 15 December 2026\? .*“15 December 2026 at 09:30”/],
    ["15 December 2026 at 25:00", /^At what time/],
    ["14:00", /^On which day at 14:00\?/],
    ["12/31/2026 09:30", /the day comes first/],
    ["Mon 15 December 2026 at 10:00", /^15 December 2026 is a Tuesday, not a Monday/],
    ["15 December 2026 at 09:30 CET", /^“CET” does not name one time zone/],
    [
      "15 December 2026 at 09:30 Europe/Bucarest",
      /^There is no time zone .* Did you mean Europe\/Bucharest/,
    ],
    ["tomorrow at 2", /^Is that 02:00 or 14:00\?/],
    ["15 December 2026 at 09:30 or 16 December 2026 at 10:00", /^Which one is meant/],
    ["15 December 2026 09:30–11:30 for 2h", /^Write either the end or the length/],
    ["tomorrow 10:00 for 0 min", /is no length of time/],
    ["28 March 2027 at 02:30 Europe/Amsterdam", /Write 01:30 or 03:30 instead/],
    [
      "25 October 2026 at 02:30 Europe/Amsterdam",
      /“25 October 2026 at 00:30 UTC” for the first, “25 October 2026 at 01:30 UTC” for the second/,
    ],
  ])("%s", (said, expected) => {
    expect(refusal(said)).toMatch(expected);
  });
});

const zones = [
  "Europe/Bucharest",
  "Europe/Amsterdam",
  "Europe/Dublin",
  "UTC",
  "America/New_York",
  "Asia/Kolkata",
];

const moments = fc
  .record({
    minute: fc.integer({ min: 0, max: 60 * 24 * 365 * 6 }),
    length: fc.option(fc.integer({ min: 1, max: 60 * 48 }), { nil: undefined }),
    zone: fc.constantFrom(...zones),
  })
  .map(({ minute, length, zone }) => {
    const start = Temporal.Instant.from("2026-01-01T00:00Z")
      .add({ minutes: minute })
      .toZonedDateTimeISO(zone);
    return { start, end: length === undefined ? undefined : start.add({ minutes: length }) };
  })
  // Times that come twice are asked about, and cannot be read back.
  .filter(({ start, end }) => [start, end ?? start].every((moment) => unambiguous(moment)));

function unambiguous(moment: Temporal.ZonedDateTime): boolean {
  try {
    moment.toPlainDateTime().toZonedDateTime(moment.timeZoneId, { disambiguation: "reject" });
    return true;
  } catch {
    return false;
  }
}

describe("reading and writing dates", () => {
  it("reads back every period as it is written, whatever the sender's zone", () => {
    fc.assert(
      fc.property(moments, fc.constantFrom(...zones), ({ start, end }, zone) => {
        const read = parseWhen(formatPeriod(start, end), { ...bucharest, zone });
        expect(read.start.toString()).toBe(start.toString());
        expect(read.end?.toString()).toBe(end?.toString());
        expect(read.rest).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  it("reads every day of the year in the numeric forms, day first", () => {
    fc.assert(
      fc.property(moments, fc.constantFrom("/", ".", "-"), ({ start }, separator) => {
        const said = `${[start.day, start.month, start.year].join(separator)} ${start.toPlainTime().toString().slice(0, 5)}`;
        const read = parseWhen(said, { ...bucharest, zone: start.timeZoneId });
        expect(read.start.toString()).toBe(start.toString());
      }),
      { numRuns: 300 },
    );
  });

  it("answers anything typed with a reading or a sentence, never with another failure", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (said) => {
        try {
          expect(parseWhen(said, bucharest).start).toBeInstanceOf(Temporal.ZonedDateTime);
        } catch (error) {
          expect(error).toMatchObject({ name: "RogatoryError" });
        }
      }),
    );
  });
});
