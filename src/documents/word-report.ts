import {
  BorderStyle,
  Document,
  type FileChild,
  Footer,
  Header,
  HeadingLevel,
  Packer,
  PageNumber,
  Paragraph,
  ShadingType,
  TableOfContents,
  TabStopType,
  TextRun,
} from "docx";
import { estimatePageNumbers } from "docx/layout";
import type { OutcomeReport, ReportBlock, ReportSection } from "../domain/report/outcome-report.ts";
import { makeReproducible } from "./reproducible-word.ts";
import {
  BULLETS,
  COLOURS,
  colourOfHandling,
  documentStyles,
  HEADING_NUMBERING,
  NUMBERING,
  PAGE,
  POINT,
  TEXT_WIDTH,
} from "./word-styles.ts";

/**
 * Writes the report as a Word document (.docx).
 *
 * Headings have Word's heading styles and automatic numbers; the table of contents is a field that
 * is already filled in. The same report and instant give the same bytes.
 */
export async function writeWordReport(
  report: OutcomeReport,
  createdAt: Temporal.Instant,
): Promise<Uint8Array> {
  const document = new Document({
    title: `${report.title} – ${report.subtitle}`,
    subject: report.dateLine,
    creator: report.publisher,
    lastModifiedBy: report.publisher,
    keywords: [report.handling, report.draftMark].filter((part) => part !== undefined).join(", "),
    styles: documentStyles(report.language),
    numbering: NUMBERING,
    // Fills in the page numbers of the contents, so that they are right before anybody updates the
    // fields and Word does not greet its reader with a question.
    pageNumbers: estimatePageNumbers,
    sections: [
      {
        properties: { page: PAGE, titlePage: true },
        headers: { default: header(report), first: header(report) },
        footers: { default: footer(report), first: new Footer({ children: [new Paragraph("")] }) },
        children: [
          ...titlePage(report),
          ...contents(report),
          ...report.sections.flatMap(writeSection),
          ...backMatter(report),
        ],
      },
    ],
  });
  return makeReproducible(await Packer.toBuffer(document), createdAt);
}

function header({ handling, draftMark }: OutcomeReport): Header {
  const mark = new TextRun({
    text: ` ${handling} `,
    bold: true,
    size: 18,
    color: colourOfHandling(handling),
    shading: { type: ShadingType.CLEAR, fill: "000000", color: "auto" },
  });
  const draft = new TextRun({ text: draftMark ?? "", bold: true, size: 18, color: COLOURS.draft });
  return new Header({
    children: [
      new Paragraph({
        tabStops: [{ type: TabStopType.RIGHT, position: TEXT_WIDTH }],
        children: [draft, new TextRun("\t"), mark],
      }),
    ],
  });
}

function footer({ title, subtitle }: OutcomeReport): Footer {
  const quiet = { size: 16, color: COLOURS.quiet };
  return new Footer({
    children: [
      new Paragraph({
        border: { top: { style: BorderStyle.SINGLE, size: 4, space: 6, color: COLOURS.rule } },
        tabStops: [{ type: TabStopType.RIGHT, position: TEXT_WIDTH }],
        children: [
          new TextRun({ ...quiet, text: `${title} – ${subtitle}` }),
          new TextRun({ ...quiet, children: ["\t", PageNumber.CURRENT] }),
        ],
      }),
    ],
  });
}

function titlePage(report: OutcomeReport): readonly FileChild[] {
  const children = [
    new Paragraph({
      style: "Publisher",
      spacing: { before: 110 * POINT, after: 26 * POINT },
      border: { bottom: { style: BorderStyle.SINGLE, size: 18, space: 10, color: COLOURS.rule } },
      text: report.publisher,
    }),
    new Paragraph({ heading: HeadingLevel.TITLE, text: report.title }),
    new Paragraph({ style: "Subtitle", text: report.subtitle }),
    new Paragraph({ style: "DateLine", text: report.dateLine }),
  ];
  if (report.draftMark === undefined) return children;
  const mark = new TextRun({ text: report.draftMark, bold: true, size: 36, color: COLOURS.draft });
  return [...children, new Paragraph({ spacing: { before: 30 * POINT }, children: [mark] })];
}

function contents({ contentsHeading }: OutcomeReport): readonly FileChild[] {
  return [
    new Paragraph({ style: "ContentsHeading", pageBreakBefore: true, text: contentsHeading }),
    new TableOfContents(contentsHeading, { hyperlink: true, headingStyleRange: "1-2" }),
  ];
}

function writeSection(section: ReportSection, index: number): readonly FileChild[] {
  const heading = new Paragraph({
    heading: section.level === 1 ? HeadingLevel.HEADING_1 : HeadingLevel.HEADING_2,
    numbering: { reference: HEADING_NUMBERING, level: section.level - 1 },
    pageBreakBefore: index === 0,
    text: section.title,
  });
  return [heading, ...section.blocks.flatMap(writeBlock)];
}

function writeBlock(block: ReportBlock): readonly FileChild[] {
  switch (block.kind) {
    case "paragraph":
      return [new Paragraph({ text: block.text })];
    case "empty":
      return [
        new Paragraph({
          children: [new TextRun({ text: block.text, italics: true, color: COLOURS.quiet })],
        }),
      ];
    case "headline":
      return [new Paragraph({ children: boldLead(block.headline, block.text) })];
    case "list": {
      const items = block.items.map(
        ({ lead, text }, index) =>
          new Paragraph({
            numbering: { reference: BULLETS, level: 0 },
            ...(index === block.items.length - 1 ? { spacing: { after: 9 * POINT } } : {}),
            children: boldLead(lead, text),
          }),
      );
      return block.leadIn === undefined
        ? items
        : [new Paragraph({ keepNext: true, text: block.leadIn }), ...items];
    }
  }
}

function boldLead(lead: string | undefined, text: string): readonly TextRun[] {
  if (lead === undefined) return [new TextRun(text)];
  return [new TextRun({ text: lead, bold: true }), new TextRun(` ${text}`)];
}

function backMatter({ backMatter }: OutcomeReport): readonly FileChild[] {
  return backMatter.map(
    (text, index) =>
      new Paragraph({
        style: "BackMatter",
        keepNext: index < backMatter.length - 1,
        ...(index === 0
          ? {
              spacing: { before: 30 * POINT },
              border: {
                top: { style: BorderStyle.SINGLE, size: 6, space: 8, color: COLOURS.rule },
              },
            }
          : {}),
        text,
      }),
  );
}
