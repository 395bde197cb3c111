import { z } from "zod";
import { RogatoryError } from "../errors.ts";
import type { TakeawayCategory } from "../takeaway/category.ts";
import { FixedSection } from "./agenda.ts";
import { ParticipationWording } from "./participation.ts";

export const ListStyle = z.enum(["semicolon", "bold-lead", "sentence"]);
export type ListStyle = z.infer<typeof ListStyle>;

export const ListLayout = z.strictObject({
  /** The sentence before the list; none when a paragraph of the section introduces it. */
  leadIn: z.string().min(1).optional(),
  style: ListStyle,
  /** The word after the last semicolon but one: `and` gives `; and`. */
  conjunction: z.string().min(1).optional(),
});
export type ListLayout = z.infer<typeof ListLayout>;

/** The content of a report template, `config/reports/<name>.yaml`; the file explains the fields. */
export const ReportTemplate = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  language: z.string().min(2),
  publisher: z.string().min(1),
  title: z.string().min(1),
  subtitle: z.string().min(1),
  dateLine: z.string().min(1),
  dateDash: z.enum(["en-dash", "hyphen"]).default("en-dash"),
  contentsHeading: z.string().min(1),
  emptySection: z.string().min(1),
  handling: z.string().min(1).default("TLP:AMBER"),
  draftMark: z.string().min(1).default("DRAFT"),
  before: z.array(FixedSection),
  after: z.array(FixedSection),
  lists: z.record(z.string(), ListLayout),
  participation: ParticipationWording,
  backMatter: z.array(z.string().min(1)).default([]),
});
export type ReportTemplate = z.infer<typeof ReportTemplate>;

/** Refuses a template that does not say how to lay out a list category, or names one that is none. */
export function checkTemplate(
  template: ReportTemplate,
  categories: readonly TakeawayCategory[],
): void {
  const lists = categories.filter(({ render }) => render === "list").map(({ tag }) => tag);
  const missing = lists.find((tag) => template.lists[tag] === undefined);
  const unknown = Object.keys(template.lists).find((tag) => !lists.includes(tag));
  if (missing !== undefined || unknown !== undefined) {
    throw new RogatoryError(
      "report.template-lists",
      missing === undefined
        ? `The report template ${template.name} lays out ${unknown}, which is not a list category: remove it.`
        : `The report template ${template.name} does not lay out the list category ${missing}: add it under lists.`,
    );
  }
}
