export type TransactionMode = "readonly" | "readwrite" | "versionchange";

interface Waiting {
  readonly scope: ReadonlySet<string>;
  readonly mode: TransactionMode;
  readonly start: () => void;
  started: boolean;
}

/**
 * Lets the transactions of one database start in the order of their creation: one waits for every
 * earlier unfinished one with a common store, unless both only read (Indexed Database API 3.0, 2.7.2).
 */
export class TransactionQueue {
  readonly #live = new Set<Waiting>();
  #idleListeners: (() => void)[] = [];

  /** `granted` resolves when the transaction may run; `release` is called once, when it has finished. */
  enter(
    scope: ReadonlySet<string>,
    mode: TransactionMode,
  ): { readonly granted: Promise<void>; release(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Waiting = { scope, mode, start: resolve, started: false };
    this.#live.add(entry);
    this.#startThoseThatCan();
    return {
      granted: promise,
      release: () => {
        this.#live.delete(entry);
        this.#startThoseThatCan();
        if (this.#live.size > 0) return;
        const listeners = this.#idleListeners;
        this.#idleListeners = [];
        for (const listener of listeners) listener();
      },
    };
  }

  /** Resolves when no transaction is unfinished. */
  idle(): Promise<void> {
    if (this.#live.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idleListeners.push(resolve);
    });
  }

  #startThoseThatCan(): void {
    const earlier: Waiting[] = [];
    for (const entry of this.#live) {
      if (!entry.started && !earlier.some((other) => conflict(entry, other))) {
        entry.started = true;
        entry.start();
      }
      earlier.push(entry);
    }
  }
}

function conflict(first: Waiting, second: Waiting): boolean {
  if (first.mode === "versionchange" || second.mode === "versionchange") return true;
  if (first.mode === "readonly" && second.mode === "readonly") return false;
  return !first.scope.isDisjointFrom(second.scope);
}
