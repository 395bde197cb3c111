/**
 * Work that is done when somebody says there is some, one round at a time. Being told twice during a
 * round causes one more round, so that nothing is missed and nothing is polled.
 */
export abstract class Wakeable {
  #asked = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #onError: (error: unknown) => void = () => {};

  /** Does everything that is due; may say after how many milliseconds it wants to be called again. */
  protected abstract work(): Promise<number | undefined>;

  /** @param onError receives what `work` throws; the process should end, for work must not throw */
  start(onError: (error: unknown) => void): void {
    this.#onError = onError;
    this.wake();
  }

  wake(): void {
    this.#asked = true;
    if (this.#stopped || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#asked) this.wake();
    });
  }

  /** Ends after the round under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#asked && !this.#stopped) {
        this.#asked = false;
        clearTimeout(this.#timer);
        const pause = await this.work();
        if (pause !== undefined && !this.#stopped)
          this.#timer = setTimeout(() => this.wake(), pause);
      }
    } catch (error) {
      this.#onError(error);
    }
  }
}
