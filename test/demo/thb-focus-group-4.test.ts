import { describe, expect, it } from "vitest";
import { writeMarkdownReport } from "../../src/documents/markdown-report.ts";
import { textsOfSection } from "../../src/domain/report/outcome-report.ts";
import { playScript, publishedReport, scenario, script } from "../support/focus-group-demo.ts";

const { report, takeaways, mistakes, denied } = playScript();

/** Paragraphs and bullets of the published text, joined over its page breaks, links without markup. */
function publishedTexts(): readonly string[] {
  const start = publishedReport.indexOf("1. Introduction\n");
  const end = publishedReport.indexOf("Scan the\n");
  return publishedReport
    .slice(start, end)
    .replace("financial investigators,\n\nNGOs", "financial investigators, NGOs")
    .replace("which bring\n\ntogether", "which bring together")
    .replaceAll(/\[((?:[^\]\\]|\\.)*)\]\(#\)/g, "$1")
    .replaceAll(/\\([()])/g, "$1")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

describe("the scenario of the 4th THB Focus Group", () => {
  it("composes the nine sections and five sub-sections of the published report", () => {
    const headings = report.sections.map(({ number, title }) => `${number}. ${title}`);
    expect(headings).toEqual(publishedTexts().filter((line) => /^\d\.(\d\.)? /.test(line)));
    expect(report.sections.filter(({ level }) => level === 1)).toHaveLength(9);
  });

  it("contains every heading, lead-in, paragraph, headline and bullet, in the published order", () => {
    const markdown = writeMarkdownReport(report).replaceAll("**", "");
    const body = markdown.slice(markdown.indexOf("## 1. Introduction"));
    let position = 0;
    for (const text of publishedTexts()) {
      const found = body.indexOf(text.replaceAll("**", ""), position);
      expect(found, text).toBeGreaterThanOrEqual(0);
      position = found + 1;
    }
    // Nothing is added: without markup and the end matter, the two are the same text.
    const bare = (text: string) => text.replaceAll(/[#*\s]|^- /gm, "");
    const [composed = ""] = body.split("\n---\n");
    expect(bare(composed)).toBe(bare(publishedTexts().join("\n")));
  });

  it("has 6 key takeaways and 22 bullets, 13 of them with a bold lead", () => {
    const blocks = report.sections.flatMap((section) => section.blocks);
    const items = blocks.flatMap((block) => (block.kind === "list" ? block.items : []));
    expect(blocks.filter(({ kind }) => kind === "headline")).toHaveLength(6);
    expect(items).toHaveLength(22);
    expect(items.filter(({ lead }) => lead !== undefined)).toHaveLength(13);
  });

  it("counts the delegations of the roster", () => {
    const introduction = report.sections.flatMap(textsOfSection).join("\n");
    expect(introduction).toContain("23 EU Member States and 8 non-EU countries");
    expect(takeaways.some(({ text }) => text.includes("23 EU Member States"))).toBe(false);
  });

  it("holds two mistyped commands, each corrected, and one by somebody who may not record", () => {
    expect(mistakes).toEqual([
      expect.stringContaining("unknown section w22; did you mean w2?"),
      "unknown category #bestpratice; did you mean #bestpractice?",
    ]);
    expect(denied).toHaveLength(1);
    expect(takeaways).toHaveLength(64);
  });

  it("only has people of the roster speaking, in rooms that exist, and ends with the draft", () => {
    const people = new Set(scenario.roster.map(({ localpart }) => localpart));
    const rooms = new Set(["plenary", "rapporteurs"]);
    for (const { code, room } of scenario.profile.agenda) if (room) rooms.add(code);
    for (const { who, room } of script) {
      expect(people).toContain(who);
      expect(rooms).toContain(room);
    }
    expect(script.at(-1)?.say).toBe("!report draft");
  });
});
