import { randomUUID } from "node:crypto";
import type { CommandContext } from "./command.ts";

/** Names a wish for the outbox: the message, so that a replay does nothing twice, or one call of an operator. */
export function causeOf({ eventId }: Pick<CommandContext, "eventId">): string {
  return eventId ?? `operator-${randomUUID()}`;
}
