import { everything, type Window } from "./key-range.ts";
import { decodeKey, type Key } from "./keys.ts";
import type { Column } from "./overlay.ts";
import type { StoreView } from "./store-view.ts";
import { readValue } from "./values.ts";

/** The reads that a store and an index have in common. */
export class Reading {
  readonly #view: StoreView;
  readonly #column: Column;

  constructor(view: StoreView, column: Column) {
    this.#view = view;
    this.#column = column;
  }

  async firstValue(window: Window): Promise<unknown> {
    const [value] = await this.allValues(window, 1);
    return value;
  }

  async firstKey(window: Window): Promise<Key | undefined> {
    const [key] = await this.allKeys(window, 1);
    return key;
  }

  async allValues(window: Window, limit: number | undefined): Promise<unknown[]> {
    const values: unknown[] = [];
    const scan = this.#scan(window, limit, true);
    while (limit === undefined || values.length < limit) {
      const entry = await scan.next();
      if (entry === undefined) break;
      values.push(readValue(entry.value));
    }
    return values;
  }

  /** Primary keys, in the order of the store or index. */
  async allKeys(window: Window, limit: number | undefined): Promise<Key[]> {
    const keys: Key[] = [];
    const scan = this.#scan(window, limit, false);
    while (limit === undefined || keys.length < limit) {
      const entry = await scan.next();
      if (entry === undefined) break;
      keys.push(decodeKey(entry.primaryKey));
    }
    return keys;
  }

  count(window: Window = everything): Promise<number> {
    return this.#view.count(this.#column, window);
  }

  #scan(window: Window, limit: number | undefined, withValues: boolean) {
    return this.#view.scan({
      column: this.#column,
      window,
      direction: "next",
      withValues,
      firstFetch: limit,
    });
  }
}
