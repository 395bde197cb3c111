import { z } from "zod";
import { Reason } from "./case-operation-shapes.ts";

const MessageId = z.int().positive();

/** What an operator can ask about messages that wait or could not be handled. */
export const inboxOperationShapes = {
  /** Neither what they say nor by whom. */
  "inbox.list": {
    params: z.strictObject({ parked: z.boolean() }),
    result: z.array(
      z.object({
        id: z.number(),
        account: z.string(),
        eventId: z.string(),
        roomId: z.string(),
        state: z.string(),
        /** Code of the failure for which it was set aside. */
        failure: z.string().optional(),
        sentAt: z.string(),
        /** Seconds since it was sent. */
        age: z.number(),
      }),
    ),
  },
  /** Lets a message be handled now. */
  "inbox.retry": {
    params: z.strictObject({ id: MessageId }),
    result: z.object({ id: z.number() }),
  },
  /** Gives a message up for good. */
  "inbox.drop": {
    params: z.strictObject({ id: MessageId, reason: Reason }),
    result: z.object({ id: z.number() }),
  },
} as const;
