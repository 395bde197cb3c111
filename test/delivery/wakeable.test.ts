import { describe, expect, it } from "vitest";
import { Wakeable } from "../../src/delivery/wakeable.ts";

class Counter extends Wakeable {
  rounds = 0;
  readonly #round: (count: number) => Promise<number | undefined>;

  constructor(round: (count: number) => Promise<number | undefined>) {
    super();
    this.#round = round;
  }

  protected override work(): Promise<number | undefined> {
    this.rounds += 1;
    return this.#round(this.rounds);
  }
}

describe("Wakeable", () => {
  it("does one more round when it is woken during a round, however often", async () => {
    const gate = Promise.withResolvers<undefined>();
    const second = Promise.withResolvers<void>();
    const counter = new Counter(async (count) => {
      if (count === 1) await gate.promise;
      else second.resolve();
      return undefined;
    });
    counter.start(() => {});
    counter.wake();
    counter.wake();
    gate.resolve(undefined);
    await second.promise;
    await counter.stop();
    expect(counter.rounds).toBe(2);
  });

  it("comes back by itself after the pause that a round asked for", async () => {
    const again = Promise.withResolvers<void>();
    const counter = new Counter(async (count) => {
      if (count === 1) return 1;
      again.resolve();
      return undefined;
    });
    counter.start(() => {});
    await again.promise;
    await counter.stop();
    expect(counter.rounds).toBe(2);
  });

  it("hands an error to whoever started it", async () => {
    const failed = Promise.withResolvers<unknown>();
    const counter = new Counter(() => Promise.reject(new Error("broken")));
    counter.start(failed.resolve);
    expect(await failed.promise).toEqual(new Error("broken"));
  });

  it("does nothing after it was stopped", async () => {
    const counter = new Counter(async () => undefined);
    await counter.stop();
    counter.wake();
    expect(counter.rounds).toBe(0);
  });
});
