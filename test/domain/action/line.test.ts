import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseActionLine } from "../../../src/domain/action/line.ts";
import { formatDate } from "../../../src/domain/time/format.ts";

const bucharest = {
  zone: "Europe/Bucharest",
  reference: Temporal.Instant.from("2026-12-01T08:15:00Z"),
};

function read(said: string): string {
  const { owner, text, due } = parseActionLine(said, bucharest);
  return `${owner ?? "-"} | ${text} | ${due?.toString() ?? "-"}`;
}

describe("an action item as people type it", () => {
  it.each([
    ["@RO-PROS draft the EIO by 11 December", "RO-PROS | draft the EIO | 2026-12-11"],
    ["@RO-PROS: draft the EIO", "RO-PROS | draft the EIO | -"],
    ["RO-PROS: draft the EIO, due 11/12/2026", "RO-PROS | draft the EIO | 2026-12-11"],
    [
      '@"National Desk for Romania" book rooms until Friday',
      "National Desk for Romania | book rooms | 2026-12-04",
    ],
    ["search the flat by police by 11 December.", "- | search the flat by police | 2026-12-11"],
    [
      "search the flat by 11 December by police",
      "- | search the flat by 11 December by police | -",
    ],
    ["review the hearing of 3 March", "- | review the hearing of 3 March | -"],
    ["answer by phone", "- | answer by phone | -"],
    ["first line\nsecond line by in 2 weeks", "- | first line\nsecond line | 2026-12-15"],
  ])("%s", (said, expected) => {
    expect(read(said)).toBe(expected);
  });

  it.each([
    ["@RO", /Say what is to be done/],
    ["draft it due soon", /“soon” is not a date/],
    ["draft it by 31/02/2027", /not a date that exists/],
    ["draft it by Friday 17:00", /without a time: write “by 4 December 2026”/],
    ["draft it by 30 November 2026", /is in the past/],
  ])("refuses %s with what to write instead", (said, expected) => {
    expect(() => read(said)).toThrow(expected);
  });

  it("reads back any text and due date", () => {
    const words = fc.array(
      fc.constantFrom("draft", "EIO-001", "of", "hotel", "registers,", "by", "police"),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(words, fc.integer({ min: 0, max: 900 }), (list, days) => {
        const text = `send ${list.join(" ")} x`;
        const due = Temporal.PlainDate.from("2026-12-01").add({ days });
        const read = parseActionLine(`${text} by ${formatDate(due)}`, bucharest);
        expect(read.text).toBe(text);
        expect(read.due?.toString()).toBe(due.toString());
      }),
    );
  });
});
