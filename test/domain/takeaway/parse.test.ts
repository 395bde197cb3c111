import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reportRules } from "../../../src/config/report-template.ts";
import { RogatoryError } from "../../../src/domain/errors.ts";
import { planSections } from "../../../src/domain/report/sections.ts";
import { parseTakeaway } from "../../../src/domain/takeaway/parse.ts";
import {
  formatTakeawayNumber,
  parseTakeawayNumber,
} from "../../../src/domain/takeaway/takeaway.ts";

const { template, categories } = reportRules("focus-group");
const sections = planSections(template, [
  { code: "eu", title: "EU perspective", room: false },
  { code: "eu.europol", title: "Europol", parent: "eu", room: false },
  { code: "s1", title: "Session I", room: true },
  { code: "w", title: "Workshops", room: false },
  { code: "w1", title: "Consent", parent: "w", room: true },
]);

function parse(typed: string, defaultSection?: string) {
  return parseTakeaway(typed, { categories, sections, defaultSection });
}

function draftOf(typed: string, defaultSection?: string) {
  const parsed = parse(typed, defaultSection);
  return parsed.kind === "takeaway" ? parsed.draft : parsed;
}

describe("parseTakeaway", () => {
  it("reads category, section, rank and text", () => {
    expect(
      draftOf("#challenge s1 rank=2 overcoming patient–doctor confidentiality barriers"),
    ).toEqual({
      category: "challenge",
      section: "s1",
      rank: 2,
      text: "overcoming patient–doctor confidentiality barriers",
    });
  });

  it("takes the rank before the section too", () => {
    expect(draftOf("#challenge rank=2 s1 text")).toMatchObject({
      section: "s1",
      rank: 2,
      text: "text",
    });
  });

  it("reads a section by its number in the report, with or without the full stop and the section sign", () => {
    for (const name of ["4", "4.", "§4", "s1", "S1"]) {
      expect(draftOf(`#point ${name} text`)).toMatchObject({ section: "s1", text: "text" });
    }
    expect(draftOf("#point 5.1 text")).toMatchObject({ section: "w1" });
    expect(draftOf("#trend eu.europol text")).toMatchObject({ section: "eu.europol" });
  });

  it("takes the section of the room when none is typed", () => {
    expect(draftOf("#point Consent matters", "w1")).toMatchObject({
      section: "w1",
      text: "Consent matters",
    });
    expect(draftOf("#point s1 elsewhere", "w1")).toMatchObject({
      section: "s1",
      text: "elsewhere",
    });
  });

  it("asks rather than guesses when a word could be a section or the start of the text", () => {
    for (const text of [
      "5 delegations reported cases",
      "end users of platforms",
      "key witnesses abroad",
    ]) {
      expect(() => parse(`#challenge ${text}`, "w1"), text).toThrow(/begin your text/);
    }
    expect(draftOf("#challenge §w1 5 delegations reported cases", "w1")).toMatchObject({
      section: "w1",
      text: "5 delegations reported cases",
    });
    expect(draftOf("#challenge 23 States have no such offence", "w1")).toMatchObject({
      text: "23 States have no such offence",
    });
  });

  it("reads a bold lead without its full stop", () => {
    expect(
      draftOf("#point w1 **Consent is legally irrelevant.** Apparent consent does not count."),
    ).toEqual({
      category: "point",
      section: "w1",
      lead: "Consent is legally irrelevant",
      text: "Apparent consent does not count.",
    });
  });

  it("puts a key takeaway into its own section, whatever room it is typed in", () => {
    const key = {
      category: "key",
      section: "key",
      lead: "Victim identification",
      text: "It remains hard.",
    };
    expect(draftOf("#key Victim identification | It remains hard.", "w1")).toEqual(key);
    expect(draftOf("#key key **Victim identification.** It remains hard.")).toEqual(key);
  });

  it("refuses a key takeaway without a headline", () => {
    expect(() => parse("#key It remains hard.")).toThrow(/needs a headline/);
    expect(() => parse("#key Headline |")).toThrow(/needs a headline/);
  });

  it("keeps the lines of a message as paragraphs", () => {
    expect(draftOf("#para s1\nFirst paragraph.\n\n  Second paragraph. ")).toMatchObject({
      text: "First paragraph.\nSecond paragraph.",
    });
  });

  it("names the nearest category and section when one is mistyped", () => {
    expect(() => parse("#bestpratice s1 x")).toThrow(
      "unknown category #bestpratice; did you mean #bestpractice?",
    );
    expect(() => parse("#point w11 x", "w1")).toThrow("unknown section w11; did you mean w1?");
    expect(() => parse("#point elsewhere")).toThrow(
      /unknown section elsewhere; use one of intro, key/,
    );
  });

  it("says what is missing", () => {
    expect(() => parse("")).toThrow(/Start with a category/);
    expect(() => parse("point w1 x")).toThrow(/Start with a category/);
    expect(() => parse("#point")).toThrow(/which section/);
    expect(() => parse("#point w1 rank=3")).toThrow(/text is missing/);
    expect(() => parse("#point w1 rank=first x")).toThrow(/whole number/);
  });

  it("refuses participation, which is computed, and says what to write instead", () => {
    expect(() => parse("#participation intro 23 States")).toThrow(/\{participation\}/);
  });

  it("keeps nothing of what is off the record", () => {
    expect(parse("#offrecord the suspect is known to us", "w1")).toEqual({
      kind: "counted",
      category: "offrecord",
      section: "w1",
    });
  });

  it("joins the parts of a statistic", () => {
    expect(
      draftOf("#stat s1 10700 victims | registered in the EU | source: Eurostat"),
    ).toMatchObject({
      text: "10700 victims registered in the EU (source: Eurostat)",
    });
  });

  it("gives back every text after a section, or explains itself, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (typed) => {
        try {
          parse(typed, "w1");
        } catch (error) {
          expect(error).toBeInstanceOf(RogatoryError);
        }
      }),
    );
    const words = fc.array(fc.stringMatching(/^[A-Za-zé–,;’]{1,10}$/), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 9999 }), (typed, rank) => {
        const text = typed.join(" ");
        expect(draftOf(`#challenge §s1 rank=${rank} ${text}`)).toEqual({
          category: "challenge",
          section: "s1",
          rank,
          text,
        });
      }),
    );
  });
});

describe("takeaway numbers", () => {
  it("are read as they are shown", () => {
    expect(formatTakeawayNumber(1)).toBe("T-001");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), (number) => {
        expect(parseTakeawayNumber(formatTakeawayNumber(number))).toBe(number);
        expect(parseTakeawayNumber(String(number))).toBe(number);
      }),
    );
    expect(parseTakeawayNumber("T-0")).toBeUndefined();
  });
});
