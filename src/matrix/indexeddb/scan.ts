import type { StoredRow } from "./backend.ts";
import { intersect, type Window, windowOfKey } from "./key-range.ts";
import { AFTER, type EncodedKey } from "./keys.ts";
import type { Column } from "./overlay.ts";
import type { StoreView } from "./store-view.ts";
import type { StoredValue } from "./values.ts";

export type Direction = "next" | "nextunique" | "prev" | "prevunique";

export interface ScanOptions {
  readonly column: Column;
  readonly window: Window;
  readonly direction: Direction;
  readonly withValues: boolean;
  /** How many rows to fetch first; undefined: all at once. Later fetches grow. */
  readonly firstFetch: number | undefined;
}

export interface ScanEntry {
  /** The key in the index that is scanned, or the primary key. */
  readonly key: EncodedKey;
  readonly primaryKey: EncodedKey;
  readonly value: StoredValue;
}

interface Candidate {
  readonly position: string;
  readonly key: EncodedKey;
}

const SMALLEST_REFETCH = 16;
const LARGEST_FETCH = 256;

/**
 * Walks a store or an index in order, over the rows of the database and the uncommitted records of the
 * transaction. Rows fetched ahead stay valid: nobody else may write to the store meanwhile, and rows
 * that the transaction itself has overwritten are skipped when their turn comes.
 */
export class Scan {
  readonly #view: StoreView;
  readonly #options: ScanOptions;
  readonly #descending: boolean;
  readonly #unique: boolean;
  #remaining: Window;
  #rows: readonly StoredRow[] = [];
  #nextRow = 0;
  #exhausted = false;
  #fetchSize: number | undefined;

  constructor(view: StoreView, options: ScanOptions) {
    this.#view = view;
    this.#options = options;
    this.#descending = options.direction.startsWith("prev");
    this.#unique = options.direction.endsWith("unique");
    this.#remaining = options.window;
    this.#fetchSize = options.firstFetch;
  }

  /** Skips what comes before `key` in the direction of the scan. */
  skipTo(key: EncodedKey): void {
    const { from, to } = windowOfKey(key);
    const target = this.#descending ? { from: "", to } : { from, to: AFTER };
    this.#remaining = intersect(this.#remaining, target);
  }

  async next(): Promise<ScanEntry | undefined> {
    const stored = await this.#peekRow();
    const { overlay } = this.#view;
    const { column } = this.#options;
    const written = this.#descending
      ? overlay.last(column, this.#remaining)
      : overlay.first(column, this.#remaining);
    const useStored =
      stored !== undefined &&
      (written === undefined || stored.position < written.position !== this.#descending);
    const chosen = useStored ? stored : written;
    if (chosen === undefined) return undefined;
    const key = column === 0 ? chosen.key : indexKeyOf(chosen);
    this.#moveBeyond(chosen, key);
    if (this.#options.direction === "prevunique" && column !== 0) return this.#firstWithKey(key);
    const value = useStored ? stored.value : (overlay.get(chosen.key)?.value ?? "");
    return { key, primaryKey: chosen.key, value };
  }

  #moveBeyond(chosen: Candidate, key: EncodedKey): void {
    const edge = this.#unique ? key : chosen.position;
    this.#remaining = this.#descending
      ? { from: this.#remaining.from, to: edge }
      : { from: edge + AFTER, to: this.#remaining.to };
  }

  /** Of several records with one index key, a descending unique scan shows the lowest. */
  #firstWithKey(key: EncodedKey): Promise<ScanEntry | undefined> {
    const window = windowOfKey(key);
    return new Scan(this.#view, {
      ...this.#options,
      window,
      direction: "next",
      firstFetch: 1,
    }).next();
  }

  async #peekRow(): Promise<StoredRow | undefined> {
    for (;;) {
      const row = this.#rows[this.#nextRow];
      if (row === undefined) {
        if (this.#exhausted || !(await this.#fetch())) return undefined;
      } else if (this.#isCurrent(row)) {
        return row;
      } else {
        this.#nextRow += 1;
      }
    }
  }

  #isCurrent(row: StoredRow): boolean {
    const { from, to } = this.#remaining;
    return (
      row.position >= from && row.position < to && this.#view.overlay.get(row.key) === undefined
    );
  }

  async #fetch(): Promise<boolean> {
    const limit = this.#fetchSize;
    const { column, withValues } = this.#options;
    this.#rows = await this.#view.storedRows({
      column,
      withValues,
      window: this.#remaining,
      descending: this.#descending,
      limit,
    });
    this.#nextRow = 0;
    this.#exhausted = limit === undefined || this.#rows.length < limit;
    if (limit !== undefined) {
      this.#fetchSize = Math.min(LARGEST_FETCH, Math.max(SMALLEST_REFETCH, limit * 2));
    }
    return this.#rows.length > 0;
  }
}

function indexKeyOf(candidate: Candidate): EncodedKey {
  return candidate.position.slice(0, candidate.position.length - candidate.key.length);
}
