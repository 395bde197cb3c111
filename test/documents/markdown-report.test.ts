import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeMarkdownReport } from "../../src/documents/markdown-report.ts";
import { playScript } from "../support/focus-group-demo.ts";

const { report } = playScript();

describe("the Markdown outcome report", () => {
  it("is the golden file, to the byte", async () => {
    const golden = join(import.meta.dirname, "golden", "thb-focus-group-4.md");
    await expect(writeMarkdownReport(report)).toMatchFileSnapshot(golden);
  });

  it("has bold leads that end inside the bold type", () => {
    const leads = writeMarkdownReport(report).match(/^- \*\*[^*]+\.\*\* /gm);
    expect(leads).toHaveLength(13);
  });

  it("keeps what people typed from becoming markup", () => {
    const section = {
      code: "s1",
      number: "1",
      title: "Fees * and _rules_",
      level: 1,
      blocks: [
        { kind: "paragraph", text: "# no heading, <b>no tag</b>, [no](link), snake_case" },
        { kind: "paragraph", text: "1. no list" },
        { kind: "list", style: "sentence", items: [{ text: "- no list in a list" }] },
      ],
    } as const;
    const markdown = writeMarkdownReport({ ...report, sections: [section], backMatter: [] });
    expect(markdown).toContain("## 1. Fees \\* and \\_rules\\_");
    expect(markdown).toContain("\\# no heading, \\<b>no tag\\</b>, [no]\\(link), snake_case");
    expect(markdown).toContain("1\\. no list");
    expect(markdown).toContain("- \\- no list in a list");
  });

  it("is not marked as a draft once it is final", () => {
    const { draftMark: _draft, ...final } = report;
    expect(writeMarkdownReport(final)).not.toContain("DRAFT");
  });
});
