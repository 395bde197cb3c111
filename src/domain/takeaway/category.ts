import { z } from "zod";

/**
 * One kind of takeaway that a rapporteur can tag (domain.md 5.3).
 *
 * `use` says what becomes of it: `report` goes into the outcome report, `press` is kept but never
 * printed in the report, `counted` leaves nothing but a count (its text is not stored), `computed`
 * is worked out by the program and cannot be typed.
 */
export const TakeawayCategory = z.strictObject({
  tag: z.string().regex(/^[a-z]+$/, "a tag is one lower-case word"),
  meaning: z.string().min(1),
  use: z.enum(["report", "press", "counted", "computed"]).default("report"),
  /** `paragraph`: running text; `headline`: a run-in headline; `list`: an item of a bulleted list. */
  render: z.enum(["paragraph", "headline", "list"]).default("paragraph"),
  /** Whether the item has a bold lead of its own, typed `**Lead.** text` or `Lead | text`. */
  lead: z.enum(["none", "optional", "required"]).default("none"),
  /** The section it belongs to unless the rapporteur names another. */
  section: z.string().optional(),
  /** Parts separated by `|`: value, what it counts, and its source. */
  statistic: z.boolean().default(false),
  /** Shown when somebody types a category that is not for typing. */
  refusal: z.string().optional(),
});
export type TakeawayCategory = z.infer<typeof TakeawayCategory>;

/** The content of `config/reports/takeaway-categories.yaml`, in the order of the file. */
export const TakeawayCategories = z
  .strictObject({ categories: z.array(TakeawayCategory).min(1) })
  .refine(
    ({ categories }) => new Set(categories.map(({ tag }) => tag)).size === categories.length,
    "two categories have the same tag",
  )
  .transform(({ categories }) => categories);
export type TakeawayCategories = z.infer<typeof TakeawayCategories>;
