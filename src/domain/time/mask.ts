/**
 * What a person typed, with parts blanked out by as many neutral characters, so that positions in
 * `visible` are positions in `original`. What stands in double quotes is never read as a date.
 */
export interface MaskedText {
  readonly original: string;
  readonly visible: string;
  /** Where `visible` was filled up after a phrase that became shorter; belongs to that phrase. */
  readonly padding: readonly Span[];
}

export interface Span {
  readonly from: number;
  /** Position after the last character. */
  readonly to: number;
}

/** A character that no word, number or date contains, and that joins to none. */
const QUOTED = "\u25a1";

const PHRASES = [
  // chrono-node reads only "tomorrow" here, a day too early.
  { pattern: /\b(?:the )?day after tomorrow\b/gi, replacement: "in 2 days" },
  // chrono-node reads two dates here: a day of next week, and the nearest such weekday.
  {
    pattern: /\bnext week,? (?:on )?((?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)\b/gi,
    replacement: "next $1",
  },
  // chrono-node takes the day after a dash for an hour: "09:00 – 2 March 2027 10:00".
  {
    pattern:
      /(?<=\d[:.h]\d\d\s*|\bat \d{1,2}\s*|\d\s*[ap]\.?m\.?\s*)(?:\u2013|\u2014|-|\bto\b|\buntil\b)(?=\s*(?:\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d{1,2}[/.]\d{1,2}[/.]\d|\d{4}-\d))/gi,
    replacement: QUOTED,
  },
  // chrono-node takes "10.00 hours" for a length of time from now.
  { pattern: /\b(\d{1,2}[.:]\d{2})\s*(?:hours|hrs|h|uur|uhr)\b/gi, replacement: "$1" },
  // People of several States write 14h30.
  { pattern: /\b([01]?\d|2[0-3])h([0-5]\d)\b/gi, replacement: "$1:$2" },
] as const;

export function maskText(original: string): MaskedText {
  const visible = original.replace(/"[^"]*"|\u201c[^\u201d]*\u201d/g, (quoted) =>
    QUOTED.repeat(quoted.length),
  );
  return { original, visible, padding: [] };
}

/** Blanks a part out with spaces, so that what stands on its two sides still reads as one phrase. */
export function blank(text: MaskedText, span: Span): MaskedText {
  const { visible } = text;
  const gap = " ".repeat(span.to - span.from);
  return { ...text, visible: visible.slice(0, span.from) + gap + visible.slice(span.to) };
}

/** Puts phrases that chrono-node misreads in a form of the same length that it reads well. */
export function normalise(text: MaskedText): MaskedText {
  const padding: Span[] = [];
  let { visible } = text;
  for (const { pattern, replacement } of PHRASES) {
    for (const match of visible.matchAll(pattern)) {
      const [phrase] = match;
      const from = match.index;
      const to = from + phrase.length;
      const replaced = replacement.replace("$1", match[1] ?? "").replace("$2", match[2] ?? "");
      visible = visible.slice(0, from) + replaced.padEnd(phrase.length) + visible.slice(to);
      if (replaced.length < phrase.length) padding.push({ from: from + replaced.length, to });
    }
  }
  return { ...text, visible, padding };
}

/** Whether nothing but white space and light punctuation stands between two positions. */
export function nothingBetween(text: MaskedText, from: number, to: number): boolean {
  return from <= to && /^[\s,;:.()\u2013\u2014-]*$/.test(text.original.slice(from, to));
}

/** Whether all that stands between two positions says "until". */
export function untilBetween(text: MaskedText, from: number, to: number): boolean {
  return from <= to && /^\s*(?:\u2013|\u2014|-|to|until)\s*$/i.test(text.original.slice(from, to));
}

/** The text without some parts, tidied at the seams; quotation marks around all of it are dropped. */
export function without(text: MaskedText, spans: readonly Span[]): string {
  const kept: string[] = [];
  let position = 0;
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    kept.push(text.original.slice(position, from));
    position = to;
  }
  kept.push(text.original.slice(position));
  const tidy = kept.map((part, index) => {
    const opened = index === 0 ? part : part.replace(/^[\s,;:).\u2013\u2014-]+/, "");
    if (index === kept.length - 1) return opened.trim();
    return opened
      .replace(/[\s,;:(\u2013\u2014-]+$/, "")
      .replace(/(?<!\S)(?:from|on|at)$/i, "")
      .trim();
  });
  return unquote(
    tidy
      .filter((part) => part !== "")
      .join(" ")
      .trim(),
  );
}

function unquote(text: string): string {
  const inner = /^(?:"([^"]*)"|\u201c([^\u201d]*)\u201d)$/.exec(text);
  return (inner?.[1] ?? inner?.[2] ?? text).trim();
}
