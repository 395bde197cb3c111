import type { OutcomeReport, ReportBlock, ReportSection } from "../domain/report/outcome-report.ts";

/** Writes the report as Markdown (CommonMark), ending with one line break. */
export function writeMarkdownReport(report: OutcomeReport): string {
  const marking = [report.draftMark, report.handling].filter((part) => part !== undefined);
  const parts = [
    `**${marking.join(" · ")}**`,
    escapeMarkdown(report.publisher),
    `# ${escapeMarkdown(report.title)}`,
    escapeMarkdown(report.subtitle),
    escapeMarkdown(report.dateLine),
    `## ${report.contentsHeading}`,
    report.sections.map(writeContentsLine).join("\n"),
    ...report.sections.flatMap(writeSection),
  ];
  if (report.backMatter.length > 0) {
    parts.push("---", report.backMatter.map(escapeMarkdown).join("  \n"));
  }
  return `${parts.join("\n\n")}\n`;
}

function headingOf({ number, title }: ReportSection): string {
  return `${number}. ${title}`;
}

function writeContentsLine(section: ReportSection): string {
  const indent = section.level === 1 ? "" : "  ";
  const heading = headingOf(section);
  return `${indent}- [${escapeMarkdown(heading)}](#${anchorOf(heading)})`;
}

/** The anchor that GitHub, GitLab and most viewers give to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function writeSection(section: ReportSection): readonly string[] {
  const marks = section.level === 1 ? "##" : "###";
  return [`${marks} ${escapeMarkdown(headingOf(section))}`, ...section.blocks.flatMap(writeBlock)];
}

function writeBlock(block: ReportBlock): readonly string[] {
  switch (block.kind) {
    case "paragraph":
      return [escapeLine(block.text)];
    case "empty":
      return [block.text];
    case "headline":
      return [`**${escapeMarkdown(block.headline)}** ${escapeMarkdown(block.text)}`];
    case "list": {
      const items = block.items.map(({ lead, text }) =>
        lead === undefined
          ? `- ${escapeLine(text)}`
          : `- **${escapeMarkdown(lead)}** ${escapeMarkdown(text)}`,
      );
      const list = items.join("\n");
      return block.leadIn === undefined ? [list] : [escapeLine(block.leadIn), list];
    }
  }
}

/** Keeps what people typed from becoming markup; an underscore inside a word never is. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*<]/g, "\\$&")
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    .replaceAll("](", "]\\(");
}

/** The same at the start of a line, where `#`, `>`, `-`, `+` and `1.` would start a block. */
function escapeLine(text: string): string {
  return escapeMarkdown(text)
    .replace(/^(#{1,6}\s|>|[-+]\s|={3,}$|-{3,}$)/, "\\$1")
    .replace(/^(\d{1,9})([.)]\s)/, "$1\\$2");
}
