/** What a rapporteur recorded, before it has a number. */
export interface TakeawayDraft {
  /** A tag of the catalogue, without `#`. */
  readonly category: string;
  /** The code of a section of the report. */
  readonly section: string;
  /** The place inside the section; without one the item comes after those that have one. */
  readonly rank?: number;
  /** The bold lead or run-in headline, without its full stop. */
  readonly lead?: string;
  /** Paragraphs are separated by one line break. */
  readonly text: string;
}

export interface Takeaway extends TakeawayDraft {
  /** Counted from 1 inside the case; people see it as `T-001`. */
  readonly number: number;
}

export function formatTakeawayNumber(number: number): string {
  return `T-${String(number).padStart(3, "0")}`;
}

/** Reads `T-001`, `t-1` or `1`; undefined when it is none of these. */
export function parseTakeawayNumber(text: string): number | undefined {
  const digits = /^(?:t-?)?0*([1-9]\d{0,5})$/i.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}
