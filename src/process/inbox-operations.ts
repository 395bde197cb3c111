import { dropEvent, listEvents, retryEvent } from "../services/inbox/inbox-events.ts";
import type { Work } from "../services/work.ts";
import type { Operations } from "./operation-shapes.ts";

type InboxOperations = Pick<Operations, Extract<keyof Operations, `inbox.${string}`>>;

/** The operations on received messages. The bots look at their inboxes with every tick of the clock. */
export function bindInboxOperations(
  inTransaction: <T>(work: (work: Work) => Promise<T>) => Promise<T>,
): InboxOperations {
  return {
    "inbox.list": async (which) => [...(await inTransaction((work) => listEvents(work, which)))],
    async "inbox.retry"({ id }) {
      await inTransaction((work) => retryEvent(work, id));
      return { id };
    },
    async "inbox.drop"({ id, reason }) {
      await inTransaction((work) => dropEvent(work, id, reason));
      return { id };
    },
  };
}
