/**
 * How often a client synchronises. Every event of a room wakes up everybody in it: 45 clients that
 * ask for each one at once keep two cores busy, while a short pause collects many. Who waits for
 * something gets the news at once.
 */
export class Pace {
  readonly #milliseconds: number;
  #last = Number.NEGATIVE_INFINITY;
  #waitingForNews = 0;
  #wake = () => {};
  #held: Promise<void> | undefined;

  /** @param milliseconds least time between the starts of two syncs */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Synchronises without pauses until the work has ended. */
  async hurry<T>(work: () => Promise<T>): Promise<T> {
    this.#waitingForNews += 1;
    this.#wake();
    try {
      return await work();
    } finally {
      this.#waitingForNews -= 1;
    }
  }

  /** Begins no sync until the work has ended: what it does comes down with the next one. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    try {
      return await work();
    } finally {
      this.#held = undefined;
      resolve();
    }
  }

  /** A `fetch` that lets syncs wait their turn and passes everything else on. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    if (new URL(address).pathname.endsWith("/sync")) await this.#turn();
    return globalThis.fetch(input, init);
  };

  async #turn(): Promise<void> {
    const wait = this.#last + this.#milliseconds - performance.now();
    if (wait > 0 && this.#waitingForNews === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.#held;
    this.#last = performance.now();
  }
}
