import type { ListStyle } from "./template.ts";

export type ReportBlock =
  | { readonly kind: "paragraph"; readonly text: string }
  /** A paragraph that starts with a bold headline; `headline` includes its full stop. */
  | { readonly kind: "headline"; readonly headline: string; readonly text: string }
  | {
      readonly kind: "list";
      readonly leadIn?: string;
      readonly style: ListStyle;
      readonly items: readonly ReportListItem[];
    }
  /** What stands in a section for which nothing was recorded. */
  | { readonly kind: "empty"; readonly text: string };

export interface ReportListItem {
  /** Includes its full stop. */
  readonly lead?: string;
  /** Punctuated for its place in the list. */
  readonly text: string;
}

export interface ReportSection {
  readonly code: string;
  /** `3` or `3.1`. */
  readonly number: string;
  readonly title: string;
  readonly level: 1 | 2;
  readonly blocks: readonly ReportBlock[];
}

/** The finished content of an outcome report, ready to be written in any format. */
export interface OutcomeReport {
  readonly language: string;
  readonly publisher: string;
  readonly title: string;
  readonly subtitle: string;
  readonly dateLine: string;
  readonly contentsHeading: string;
  readonly handling: string;
  /** Present while the report is a draft: what to show on every page. */
  readonly draftMark?: string;
  /** In reading order, sub-sections after their section. */
  readonly sections: readonly ReportSection[];
  readonly backMatter: readonly string[];
}

/** Every piece of running text of a section, without headings and without what the template adds. */
export function textsOfSection(section: ReportSection): readonly string[] {
  return section.blocks.flatMap((block) => {
    if (block.kind === "empty") return [];
    if (block.kind === "paragraph") return [block.text];
    if (block.kind === "headline") return [`${block.headline} ${block.text}`];
    return block.items.map(({ lead, text }) => (lead === undefined ? text : `${lead} ${text}`));
  });
}
