import {
  answer,
  type Block,
  list,
  type Outcome,
  paragraph,
  strong,
  table,
} from "../../documents/message/outcome.ts";
import type { ReportSection } from "../../domain/report/outcome-report.ts";
import { type DraftReport, draftReport } from "../../services/report/draft-report.ts";
import { defineCommand } from "../command.ts";

export default defineCommand({
  name: "report draft",
  bot: "scribe",
  capability: "report.draft",
  summary: "write the draft of the outcome report as Markdown and Word",
  examples: ["report draft"],
  arguments: {},
  async handle({ work, case: reported }) {
    const draft = await draftReport(work, reported);
    return { ...summarise(draft), attachments: attachments(draft) };
  },
});

function attachments({ markdown, word }: DraftReport) {
  return [
    {
      fileName: "outcome-report.md",
      mimeType: "text/markdown",
      bytes: new TextEncoder().encode(markdown),
    },
    {
      fileName: "outcome-report.docx",
      mimeType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      bytes: word,
    },
  ];
}

function summarise(draft: DraftReport): Outcome {
  const { report, used, withheld, offRecord } = draft;
  const main = report.sections.filter(({ level }) => level === 1).length;
  const left = [
    ...(withheld === 0 ? [] : [`${withheld} kept out of the report`]),
    ...(offRecord === 0 ? [] : [`${offRecord} off the record`]),
  ];
  return answer(
    paragraph(
      strong(`Draft: ${report.title}`),
      ` — ${main} sections, ${used} ${used === 1 ? "takeaway" : "takeaways"}${left.length === 0 ? "" : ` (${left.join(", ")})`}.`,
    ),
    table(
      ["Section", "Paragraphs", "Bullets"],
      report.sections.map((section) => [
        `${section.number}. ${section.title}`,
        String(count(section).paragraphs),
        String(count(section).bullets),
      ]),
    ),
    ...warnings(draft),
  );
}

function count({ blocks }: ReportSection) {
  const bullets = blocks.reduce(
    (sum, block) => sum + (block.kind === "list" ? block.items.length : 0),
    0,
  );
  const paragraphs = blocks.filter(
    ({ kind }) => kind === "paragraph" || kind === "headline",
  ).length;
  return { paragraphs, bullets };
}

function warnings({ report, attributions }: DraftReport): readonly Block[] {
  const empty = report.sections.filter(({ blocks }) => blocks.some(({ kind }) => kind === "empty"));
  const blocks: Block[] = [];
  if (empty.length > 0) {
    const names = empty.map(({ number, title }) => `${number}. ${title}`).join("; ");
    blocks.push(paragraph(`Nothing was recorded for: ${names}.`));
  }
  if (attributions.length === 0) {
    blocks.push(paragraph("No State or function of the roster occurs in the text."));
  } else {
    const hits = attributions.reduce((sum, hit) => sum + hit.count, 0);
    blocks.push(
      paragraph(
        `States or functions of the roster in the text: ${hits}. Nobody should be recognisable:`,
      ),
      list(
        attributions.map(
          (hit) => `${hit.section}. ${hit.word}${hit.count === 1 ? "" : ` (${hit.count} times)`}`,
        ),
      ),
    );
  }
  return blocks;
}
