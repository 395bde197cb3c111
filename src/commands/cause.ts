import { randomUUID } from "node:crypto";
import type { Registry } from "../services/member/case-seats.ts";
import type { CommandContext } from "./command.ts";

/** Names a wish for the outbox: the message, so that a replay does nothing twice, or one call of an operator. */
export function causeOf({ eventId }: Pick<CommandContext, "eventId">): string {
  return eventId ?? `operator-${randomUUID()}`;
}

/** What the registrar's services are given by a command. */
export function registryOf(context: CommandContext): Registry {
  const { case: of, bots, localPeople } = context;
  return { case: of, bots, localPeople, cause: causeOf(context) };
}
