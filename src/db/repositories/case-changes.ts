import { z } from "zod";
import { asked, PendingChanges } from "./pending-changes.ts";

const PendingTransition = z.strictObject({
  /** The state, as the template names it. */
  to: z.string(),
  reason: z.string().exactOptional(),
  ...asked,
});
export type PendingTransition = z.infer<typeof PendingTransition>;

/** Transitions of the case's state. */
export const transitions = new PendingChanges("case_change", "case-change", PendingTransition);
