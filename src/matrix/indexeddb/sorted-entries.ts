import type { Window } from "./key-range.ts";
import type { EncodedKey } from "./keys.ts";

export interface Entry {
  readonly position: string;
  readonly key: EncodedKey;
}

/**
 * Entries in the order of their positions. An array, because a cursor that updates what it passes
 * appends at the end, and uncommitted records are few otherwise.
 */
export class SortedEntries {
  readonly #entries: Entry[];

  constructor(entries: readonly Entry[]) {
    this.#entries = [...entries].sort((first, second) =>
      first.position < second.position ? -1 : first.position > second.position ? 1 : 0,
    );
  }

  add(entry: Entry): void {
    const place = this.#placeOf(entry.position);
    const replaces = this.#entries[place]?.position === entry.position;
    this.#entries.splice(place, replaces ? 1 : 0, entry);
  }

  remove(position: string): void {
    const place = this.#placeOf(position);
    if (this.#entries[place]?.position === position) this.#entries.splice(place, 1);
  }

  first(window: Window): Entry | undefined {
    const entry = this.#entries[this.#placeOf(window.from)];
    return entry !== undefined && entry.position < window.to ? entry : undefined;
  }

  last(window: Window): Entry | undefined {
    const entry = this.#entries[this.#placeOf(window.to) - 1];
    return entry !== undefined && entry.position >= window.from ? entry : undefined;
  }

  /** The place of the first entry at or after a position. */
  #placeOf(position: string): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
