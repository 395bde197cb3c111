import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reportRules } from "../../../src/config/report-template.ts";
import { attributionWords, findAttributions } from "../../../src/domain/report/attributions.ts";
import { composeOutcomeReport } from "../../../src/domain/report/compose.ts";
import { textsOfSection } from "../../../src/domain/report/outcome-report.ts";
import { checkTemplate } from "../../../src/domain/report/template.ts";
import type { Takeaway } from "../../../src/domain/takeaway/takeaway.ts";

const rules = reportRules("focus-group");
const agenda = [
  { code: "s1", title: "Session I", room: true },
  { code: "w", title: "Workshops", room: false },
  { code: "w1", title: "Consent", parent: "w", room: true },
];
const meeting = {
  ordinal: 6,
  title: "THB Focus Group",
  organisation: "EUROJUST",
  from: "2027-10-07",
  to: "2027-10-08",
  place: "The Hague",
};

function compose(takeaways: readonly Takeaway[], delegations: readonly string[] = ["RO"]) {
  return composeOutcomeReport({ ...rules, meeting, agenda, takeaways, delegations, draft: true });
}

function blocksOf(takeaways: readonly Takeaway[], code = "s1") {
  return compose(takeaways).sections.find((section) => section.code === code)?.blocks;
}

function item(
  number: number,
  category: string,
  text: string,
  more: Partial<Takeaway> = {},
): Takeaway {
  return { number, category, section: "s1", text, ...more };
}

describe("composeOutcomeReport", () => {
  it("numbers the sections of template and agenda", () => {
    const headings = compose([]).sections.map(({ number, title }) => `${number}. ${title}`);
    expect(headings).toEqual([
      "1. Introduction",
      "2. Key takeaways",
      "3. Session I",
      "4. Workshops",
      "4.1. Consent",
      "5. Conclusions",
    ]);
  });

  it("says of an empty section that nothing was recorded, but not of one that holds sub-sections", () => {
    const report = compose([]);
    const empty = report.sections.filter(({ blocks }) => blocks[0]?.kind === "empty");
    expect(empty.map(({ code }) => code)).toEqual(["intro", "key", "s1", "w1", "end"]);
    expect(empty[0]?.blocks).toEqual([{ kind: "empty", text: "[no takeaways recorded]" }]);
  });

  it("makes one list of neighbours in rank order, with semicolons and the conjunction of the template", () => {
    const blocks = blocksOf([
      item(1, "challenge", "third.", { rank: 4 }),
      item(2, "challenge", "first;", { rank: 2 }),
      item(3, "para", "Before.", { rank: 1 }),
      item(4, "challenge", "second", { rank: 3 }),
      item(5, "para", "After.", { rank: 5 }),
    ]);
    expect(blocks).toEqual([
      { kind: "paragraph", text: "Before." },
      {
        kind: "list",
        leadIn: "Key challenges identified included:",
        style: "semicolon",
        items: [{ text: "first;" }, { text: "second; and" }, { text: "third." }],
      },
      { kind: "paragraph", text: "After." },
    ]);
  });

  it("leaves the conjunction out where the template has none", () => {
    const blocks = blocksOf([item(1, "bestpractice", "one"), item(2, "bestpractice", "two")]);
    expect(blocks).toMatchObject([{ items: [{ text: "one;" }, { text: "two." }] }]);
  });

  it("gathers items without a rank by category, after those with one", () => {
    const blocks = blocksOf([
      item(1, "point", "Point one.", { lead: "A" }),
      item(2, "challenge", "challenge one"),
      item(3, "point", "Point two.", { lead: "B" }),
      item(4, "para", "Last of those without a rank is first: paragraphs open a section."),
      item(5, "para", "Ranked.", { rank: 9 }),
    ]);
    expect(blocks?.map((block) => block.kind)).toEqual(["paragraph", "paragraph", "list", "list"]);
    expect(blocks?.[0]).toMatchObject({ text: "Ranked." });
    expect(blocks?.[3]).toMatchObject({ items: [{ lead: "A." }, { lead: "B." }] });
  });

  it("turns the lines of a text into paragraphs and keeps a list item in one", () => {
    expect(blocksOf([item(1, "para", "One.\nTwo.")])).toHaveLength(2);
    expect(blocksOf([item(1, "point", "One.\nTwo.")])).toMatchObject([
      { items: [{ text: "One. Two." }] },
    ]);
  });

  it("fills in participation and dates, and leaves other braces alone", () => {
    const [block] = blocksOf([item(1, "para", "On {dates}, {participation} met {here}.")]) ?? [];
    expect(block).toEqual({
      kind: "paragraph",
      text: "On 7 and 8 October 2027, 1 EU Member State met {here}.",
    });
  });

  it("prints no quotes", () => {
    expect(blocksOf([item(1, "quote", "Said to the press.")])).toMatchObject([{ kind: "empty" }]);
  });

  it("refuses to lose what was recorded for a section that is no longer on the agenda", () => {
    expect(() => compose([item(1, "para", "Text.", { section: "s9" })])).toThrow(/s9/);
  });

  it("gives the same report whatever order the takeaways come in, and loses none", () => {
    const categories = rules.categories.filter(({ use }) => use === "report").map(({ tag }) => tag);
    const takeaways = fc
      .array(
        fc.record({
          category: fc.constantFrom(...categories),
          section: fc.constantFrom("intro", "s1", "w1"),
          rank: fc.integer({ min: 1, max: 5 }),
        }),
        { maxLength: 20 },
      )
      .map((items) =>
        items.map((entry, index) => ({ ...entry, number: index + 1, text: `text${index}x` })),
      );
    fc.assert(
      fc.property(takeaways, fc.integer(), (items, seed) => {
        const report = compose(items);
        const shuffled = items.toSorted(
          (a, b) => ((a.number * seed) % 7) - ((b.number * seed) % 7),
        );
        expect(compose(shuffled)).toEqual(report);
        const text = report.sections.flatMap(textsOfSection).join("\n");
        for (const entry of items) expect(text).toContain(entry.text);
      }),
    );
  });
});

describe("findAttributions", () => {
  it("finds States and functions of the roster as whole words", () => {
    const report = compose([
      item(1, "para", "Romania reported a case. Romanian courts agreed; ROMANIA insisted."),
      item(
        2,
        "para",
        "The national THB prosecutor and the EU Anti-Trafficking Coordinator said so, prosecutors agreed.",
      ),
    ]);
    const words = attributionWords([
      { function: "National THB prosecutor", state: "RO" },
      { function: "Prosecutor", state: "BE" },
      { function: "EU Anti-Trafficking Coordinator" },
    ]);
    expect(findAttributions(report, words)).toEqual([
      { section: "3", word: "National THB prosecutor", count: 1 },
      { section: "3", word: "Prosecutor", count: 1 },
      { section: "3", word: "Romania", count: 2 },
    ]);
  });
});

describe("checkTemplate", () => {
  it("refuses a template that forgets a list or lays out what is none", () => {
    const { point: _point, ...lists } = rules.template.lists;
    expect(() => checkTemplate({ ...rules.template, lists }, rules.categories)).toThrow(/point/);
    const more = { ...rules.template.lists, para: { style: "sentence" } as const };
    expect(() => checkTemplate({ ...rules.template, lists: more }, rules.categories)).toThrow(
      /para/,
    );
  });
});
