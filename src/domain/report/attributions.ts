import { type OutcomeReport, textsOfSection } from "./outcome-report.ts";

/** A word of the roster that occurs in the text, where nobody may be recognised (Chatham House Rule). */
export interface Attribution {
  /** The number of the section, `5.1`. */
  readonly section: string;
  readonly word: string;
  /** How often it occurs in that section. */
  readonly count: number;
}

/** What the check needs of a person on the roster. */
export interface RosterWords {
  readonly function?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  readonly state?: string | undefined;
  readonly displayName?: string | undefined;
}

/**
 * The words by which a person of the roster could be recognised: name, State, and the function of
 * those who come for a State. Bodies and their offices are left out: reports say what they presented.
 */
export function attributionWords(roster: Iterable<RosterWords>): readonly string[] {
  const countries = new Intl.DisplayNames("en-GB", { type: "region", fallback: "none" });
  const words = new Set<string>();
  for (const entry of roster) {
    const country = entry.state === undefined ? undefined : countries.of(entry.state);
    const delegate = entry.state === undefined ? undefined : entry.function;
    for (const word of [delegate, entry.displayName, country]) {
      if (word !== undefined && word.trim().length > 2) words.add(word.trim());
    }
  }
  return [...words].toSorted();
}

/** Whole words only, in any letter case; headings are not searched, they come from the agenda. */
export function findAttributions(
  report: OutcomeReport,
  words: readonly string[],
): readonly Attribution[] {
  const patterns = words.map((word) => ({
    word,
    pattern: new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(word)}(?![\\p{L}\\p{N}])`, "giu"),
  }));
  return report.sections.flatMap((section) => {
    const text = textsOfSection(section).join("\n");
    return patterns
      .map(({ word, pattern }) => ({
        section: section.number,
        word,
        count: [...text.matchAll(pattern)].length,
      }))
      .filter(({ count }) => count > 0);
  });
}
