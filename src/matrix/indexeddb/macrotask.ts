import { setImmediate } from "node:timers";

/**
 * Resolves in a later turn of the event loop, after all microtasks: the Rust store awaits between its
 * requests with microtasks only, and what it does there still belongs to the running transaction.
 */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
