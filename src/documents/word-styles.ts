import {
  AlignmentType,
  type INumberingOptions,
  type IStylesOptions,
  LevelFormat,
  LineRuleType,
} from "docx";

export const HEADING_NUMBERING = "headings";
export const BULLETS = "bullets";

/** Twentieths of a point, the unit of Word's measures. */
export const POINT = 20;
const CENTIMETRE = 567;

/** A4 with margins of 2.5 cm; the text is 16 cm wide. */
export const PAGE = {
  size: { width: 11906, height: 16838 },
  margin: {
    top: 2.5 * CENTIMETRE,
    bottom: 2.3 * CENTIMETRE,
    left: 2.5 * CENTIMETRE,
    right: 2.5 * CENTIMETRE,
    header: 1.1 * CENTIMETRE,
    footer: 1.1 * CENTIMETRE,
  },
} as const;
export const TEXT_WIDTH = PAGE.size.width - 5 * CENTIMETRE;

export const COLOURS = {
  heading: "0B2F6B",
  rule: "0B2F6B",
  quiet: "5A6472",
  draft: "B00020",
  text: "1A1A1A",
} as const;

/** Text and background of the marking, FIRST Traffic Light Protocol 2.0, "TLP in documents". */
export function colourOfHandling(handling: string): string {
  const colours: Readonly<Record<string, string>> = {
    "TLP:RED": "FF2B2B",
    "TLP:AMBER": "FFC000",
    "TLP:AMBER+STRICT": "FFC000",
    "TLP:GREEN": "33FF00",
  };
  return colours[handling.toUpperCase()] ?? "FFFFFF";
}

export function documentStyles(language: string): IStylesOptions {
  const heading = { color: COLOURS.heading, bold: true } as const;
  return {
    default: {
      document: {
        run: { font: "Calibri", size: 22, color: COLOURS.text, language: { value: language } },
        paragraph: { spacing: { after: 7 * POINT, line: 259, lineRule: LineRuleType.AUTO } },
      },
      title: {
        run: { ...heading, size: 60 },
        paragraph: {
          spacing: { before: 0, after: 18 * POINT, line: 264, lineRule: LineRuleType.AUTO },
        },
      },
      heading1: {
        run: { ...heading, size: 32 },
        paragraph: {
          keepNext: true,
          keepLines: true,
          spacing: { before: 20 * POINT, after: 8 * POINT },
        },
      },
      heading2: {
        run: { ...heading, size: 26 },
        paragraph: {
          keepNext: true,
          keepLines: true,
          spacing: { before: 14 * POINT, after: 6 * POINT },
        },
      },
      listParagraph: { paragraph: { spacing: { after: 5 * POINT } } },
    },
    paragraphStyles: [
      {
        id: "Publisher",
        name: "Publisher",
        basedOn: "Normal",
        run: { bold: true, size: 28, color: COLOURS.heading, characterSpacing: 60 },
      },
      {
        id: "Subtitle",
        name: "Subtitle",
        basedOn: "Normal",
        run: { size: 36, color: COLOURS.heading },
      },
      {
        id: "DateLine",
        name: "Date line",
        basedOn: "Normal",
        run: { size: 26, color: COLOURS.quiet },
      },
      {
        id: "ContentsHeading",
        name: "Contents Heading",
        basedOn: "Normal",
        run: { ...heading, size: 32 },
        paragraph: { spacing: { after: 12 * POINT } },
      },
      {
        id: "TOC1",
        name: "toc 1",
        basedOn: "Normal",
        next: "Normal",
        run: { bold: true },
        paragraph: { spacing: { before: 5 * POINT, after: 2 * POINT } },
      },
      {
        id: "TOC2",
        name: "toc 2",
        basedOn: "Normal",
        next: "Normal",
        paragraph: { indent: { left: 22 * POINT }, spacing: { after: 2 * POINT } },
      },
      {
        id: "BackMatter",
        name: "Back matter",
        basedOn: "Normal",
        run: { size: 18, color: COLOURS.quiet },
        paragraph: { spacing: { after: 2 * POINT } },
      },
    ],
  };
}

export const NUMBERING: INumberingOptions = {
  config: [
    {
      reference: HEADING_NUMBERING,
      levels: [
        {
          level: 0,
          format: LevelFormat.DECIMAL,
          text: "%1.",
          alignment: AlignmentType.START,
          style: { paragraph: { indent: { left: 28 * POINT, hanging: 28 * POINT } } },
        },
        {
          level: 1,
          format: LevelFormat.DECIMAL,
          text: "%1.%2.",
          alignment: AlignmentType.START,
          style: { paragraph: { indent: { left: 36 * POINT, hanging: 36 * POINT } } },
        },
      ],
    },
    {
      reference: BULLETS,
      levels: [
        {
          level: 0,
          format: LevelFormat.BULLET,
          text: "•",
          alignment: AlignmentType.START,
          style: {
            run: { color: COLOURS.heading },
            paragraph: { indent: { left: 24 * POINT, hanging: 14 * POINT } },
          },
        },
      ],
    },
  ],
};
