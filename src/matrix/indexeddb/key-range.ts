import { indexedDbError } from "./errors.ts";
import { AFTER, decodeKey, type EncodedKey, encodeKey, type Key } from "./keys.ts";

/**
 * The half-open interval `[from, to)` of positions in a store or an index. A position is an encoded
 * key, in an index followed by the encoded primary key; one interval describes both.
 */
export interface Window {
  readonly from: string;
  readonly to: string;
}

export const everything: Window = { from: "", to: AFTER };

export function windowOfKey(key: EncodedKey): Window {
  return { from: key, to: key + AFTER };
}

/** Indexed Database API 3.0, section 4.7. */
export class IDBKeyRange {
  readonly lower: Key | undefined;
  readonly upper: Key | undefined;
  readonly lowerOpen: boolean;
  readonly upperOpen: boolean;
  readonly window: Window;

  constructor(
    lower: EncodedKey | undefined,
    upper: EncodedKey | undefined,
    lowerOpen: boolean,
    upperOpen: boolean,
  ) {
    this.lower = lower === undefined ? undefined : decodeKey(lower);
    this.upper = upper === undefined ? undefined : decodeKey(upper);
    this.lowerOpen = lowerOpen;
    this.upperOpen = upperOpen;
    this.window = {
      from: lower === undefined ? everything.from : lowerOpen ? lower + AFTER : lower,
      to: upper === undefined ? everything.to : upperOpen ? upper : upper + AFTER,
    };
  }

  static only(value: unknown): IDBKeyRange {
    const key = encodeKey(value);
    return new IDBKeyRange(key, key, false, false);
  }

  static lowerBound(lower: unknown, open = false): IDBKeyRange {
    return new IDBKeyRange(encodeKey(lower), undefined, open, true);
  }

  static upperBound(upper: unknown, open = false): IDBKeyRange {
    return new IDBKeyRange(undefined, encodeKey(upper), true, open);
  }

  static bound(lower: unknown, upper: unknown, lowerOpen = false, upperOpen = false): IDBKeyRange {
    const low = encodeKey(lower);
    const high = encodeKey(upper);
    if (low > high || (low === high && (lowerOpen || upperOpen))) {
      throw indexedDbError("DataError", "The lower bound is above the upper bound.");
    }
    return new IDBKeyRange(low, high, lowerOpen, upperOpen);
  }

  includes(value: unknown): boolean {
    const key = encodeKey(value);
    return key >= this.window.from && key < this.window.to;
  }

  get [Symbol.toStringTag](): string {
    return "IDBKeyRange";
  }
}

/** What a caller may pass as a query: a range, a key, or nothing at all. */
export function windowOfQuery(query: unknown): Window {
  if (query === undefined || query === null) return everything;
  return windowOfRequiredQuery(query);
}

/** As {@link windowOfQuery}, where "everything" must be said explicitly. */
export function windowOfRequiredQuery(query: unknown): Window {
  return query instanceof IDBKeyRange ? query.window : windowOfKey(encodeKey(query));
}

export function intersect(first: Window, second: Window): Window {
  return { from: later(first.from, second.from), to: earlier(first.to, second.to) };
}

function later(first: string, second: string): string {
  if (first > second) return first;
  return second;
}

function earlier(first: string, second: string): string {
  if (first < second) return first;
  return second;
}
