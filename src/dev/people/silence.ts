import { logger } from "matrix-js-sdk/lib/logger.js";

/**
 * Parts of matrix-js-sdk do not use the logger of their client but a global one and its children,
 * which print Matrix ids to the screen. Children take over how their parent writes.
 */
export function silenceGlobalLog(): void {
  const rebuild = "rebuild" in logger ? logger.rebuild : undefined;
  Object.assign(logger, { methodFactory: () => () => {} });
  if (typeof rebuild === "function") rebuild.call(logger);
}
