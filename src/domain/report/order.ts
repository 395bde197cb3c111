import type { TakeawayCategory } from "../takeaway/category.ts";
import type { Takeaway } from "../takeaway/takeaway.ts";

/**
 * The order of takeaways inside a section: rank, then number. Items without a rank come last,
 * gathered by category so that they still make whole lists.
 */
export function compareTakeaways(
  a: Takeaway,
  b: Takeaway,
  categories: readonly TakeawayCategory[],
): number {
  if (a.rank !== undefined || b.rank !== undefined) {
    const byRank = (a.rank ?? Number.MAX_SAFE_INTEGER) - (b.rank ?? Number.MAX_SAFE_INTEGER);
    return byRank || a.number - b.number;
  }
  const place = (takeaway: Takeaway) =>
    categories.findIndex(({ tag }) => tag === takeaway.category);
  return place(a) - place(b) || a.number - b.number;
}
