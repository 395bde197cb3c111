import { RogatoryError } from "../errors.ts";
import { findSection, type PlannedSection } from "../report/sections.ts";
import { nearest } from "../text/nearest.ts";
import type { TakeawayCategory } from "./category.ts";
import type { TakeawayDraft } from "./takeaway.ts";

export interface TakeawayParsing {
  readonly categories: readonly TakeawayCategory[];
  readonly sections: readonly PlannedSection[];
  /** The code of the section that the room belongs to. */
  readonly defaultSection?: string | undefined;
}

export type ParsedTakeaway =
  | { readonly kind: "takeaway"; readonly draft: TakeawayDraft }
  /** Not for the report: the caller counts it and keeps nothing of its text. */
  | { readonly kind: "counted"; readonly category: string; readonly section: string | undefined };

const EXAMPLE = "!takeaway #challenge s1 rank=2 overcoming patient–doctor confidentiality barriers";

/**
 * Reads what follows `!takeaway`: `#category section [rank=N] text`.
 *
 * Throws RogatoryError `takeaway.*` with what to type instead.
 */
export function parseTakeaway(input: string, parsing: TakeawayParsing): ParsedTakeaway {
  const [head, afterHead] = takeWord(input.trim());
  const category = findCategory(head, parsing.categories);
  let rest = afterHead;
  let section: PlannedSection | undefined;
  let rank: number | undefined;
  for (;;) {
    const [word, after] = takeWord(rest);
    if (rank === undefined && /^rank=/i.test(word)) {
      rank = parseRank(word);
      rest = after;
      continue;
    }
    const named = section === undefined ? readSection(word, category, parsing) : undefined;
    if (named === undefined) break;
    section = named;
    rest = after;
  }
  section ??= impliedSection(category, parsing);
  if (category.use === "counted") {
    return { kind: "counted", category: category.tag, section: section?.code };
  }
  if (section === undefined) throw missingSection(takeWord(rest)[0], parsing.sections);
  const { lead, text } = readText(rest, category);
  return {
    kind: "takeaway",
    draft: {
      category: category.tag,
      section: section.code,
      ...(rank === undefined ? {} : { rank }),
      ...(lead === undefined ? {} : { lead }),
      text,
    },
  };
}

function takeWord(text: string): readonly [word: string, rest: string] {
  const match = /^(\S*)\s*([\s\S]*)$/.exec(text.trimStart());
  return [match?.[1] ?? "", match?.[2] ?? ""];
}

function findCategory(word: string, categories: readonly TakeawayCategory[]): TakeawayCategory {
  const typeable = categories.filter(({ use }) => use !== "computed").map(({ tag }) => tag);
  if (!word.startsWith("#") || word === "#") {
    throw new RogatoryError(
      "takeaway.category-missing",
      `Start with a category, for example ${EXAMPLE}. Categories: ${typeable.map((tag) => `#${tag}`).join(" ")}`,
    );
  }
  const wanted = word.slice(1).toLowerCase();
  const found = categories.find(({ tag }) => tag === wanted);
  if (found === undefined) {
    const near = nearest(wanted, typeable);
    throw new RogatoryError(
      "takeaway.category-unknown",
      near === undefined
        ? `unknown category #${wanted}; use one of ${typeable.map((tag) => `#${tag}`).join(" ")}`
        : `unknown category #${wanted}; did you mean #${near}?`,
    );
  }
  if (found.use === "computed") {
    throw new RogatoryError(
      "takeaway.category-computed",
      found.refusal ?? `#${found.tag} is worked out by the program and cannot be typed.`,
    );
  }
  return found;
}

function parseRank(word: string): number {
  const digits = /^rank=([1-9]\d{0,3})$/i.exec(word)?.[1];
  if (digits === undefined) {
    throw new RogatoryError(
      "takeaway.rank-invalid",
      "A rank is a whole number from 1 to 9999, for example rank=2.",
    );
  }
  return Number(digits);
}

/** The section that the first word names, or undefined when the word begins the text. */
function readSection(
  word: string,
  category: TakeawayCategory,
  { sections, defaultSection }: TakeawayParsing,
): PlannedSection | undefined {
  const found = findSection(sections, word);
  const explicit = word.startsWith("§");
  if (found === undefined) {
    if (explicit || looksLikeCode(word)) throw unknownSection(word, sections);
    return undefined;
  }
  const implied = category.section ?? defaultSection;
  if (explicit || implied === undefined || looksLikeCode(word)) return found;
  if (word === category.section) return found;
  // Codes such as `end` and numbers are words of ordinary sentences too. Guessing would lose a word
  // of the text or file it in the wrong section, and nobody would notice before the report is out.
  if (/^\d+$/.test(word) || word === word.toLowerCase()) {
    throw new RogatoryError(
      "takeaway.section-ambiguous",
      `Does “${word}” name section ${found.number} (${found.title}) or begin your text? ` +
        `Write §${word} for that section, or §${implied} ${word} … to keep it as text.`,
    );
  }
  return undefined;
}

/** `s1`, `eu.europol`, `5.1`: nobody begins a sentence with these. */
function looksLikeCode(word: string): boolean {
  return /^[a-z]{1,2}\d{1,2}$|^[a-z]{1,4}\.[a-z0-9]+$|^\d{1,2}\.\d{1,2}\.?$/.test(word);
}

function impliedSection(
  category: TakeawayCategory,
  { sections, defaultSection }: TakeawayParsing,
): PlannedSection | undefined {
  for (const code of [category.section, defaultSection]) {
    const found = code === undefined ? undefined : findSection(sections, code);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unknownSection(word: string, sections: readonly PlannedSection[]): RogatoryError {
  const codes = sections.map(({ code }) => code);
  const near = nearest(word.replace(/^§/, ""), codes);
  return new RogatoryError(
    "takeaway.section-unknown",
    near === undefined
      ? `unknown section ${word}; use one of ${codes.join(", ")}`
      : `unknown section ${word}; did you mean ${near}? Sections: ${codes.join(", ")}`,
  );
}

function missingSection(word: string, sections: readonly PlannedSection[]): RogatoryError {
  if (word !== "") return unknownSection(word, sections);
  return new RogatoryError(
    "takeaway.section-missing",
    `Say which section it belongs to: ${sections.map(({ code }) => code).join(", ")}. For example ${EXAMPLE}`,
  );
}

function readText(
  typed: string,
  category: TakeawayCategory,
): { readonly lead?: string; readonly text: string } {
  const whole = tidyLines(typed);
  if (whole === "") {
    throw new RogatoryError("takeaway.text-missing", `The text is missing. For example ${EXAMPLE}`);
  }
  if (category.statistic) return { text: formatStatistic(whole) };
  if (category.lead === "none") return { text: whole };
  const match =
    /^\*\*(.+?)\*\*\s*([\s\S]*)$/.exec(whole) ?? /^([^|\n]+?)\s*\|\s*([\s\S]*)$/.exec(whole);
  const lead = match?.[1]?.trim().replace(/\.$/, "").trimEnd();
  const text = match?.[2]?.trim() ?? "";
  if (lead !== undefined && lead !== "" && text !== "") return { lead, text };
  if (category.lead === "required" || match !== null) {
    throw new RogatoryError(
      "takeaway.headline-missing",
      `#${category.tag} needs a headline and a text: !takeaway #${category.tag} Headline | Text of one or more sentences.`,
    );
  }
  return { text: whole };
}

function tidyLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}

function formatStatistic(text: string): string {
  const parts = text.split("|").map((part) => part.trim());
  const source = parts.find((part) => /^source:/i.test(part));
  const words = parts.filter((part) => part !== source && part !== "").join(" ");
  return source === undefined ? words : `${words} (${source})`;
}
