import { z } from "zod";
import { DeviceId, EventId, RoomId, UserId } from "../../domain/ids.ts";
import { RoomMessage } from "./message.ts";

/** One person to be started: who they are, and how their client behaves. */
export const Member = z.strictObject({
  userId: UserId,
  deviceId: DeviceId,
  accessToken: z.string().min(1),
  crossSigned: z.boolean().optional(),
  onlySignedDevices: z.boolean().optional(),
  pace: z.number().nonnegative().optional(),
});
export type Member = z.infer<typeof Member>;

/** What one person's client has read in the rooms, and what it could not. */
export const Reading = z.strictObject({
  userId: UserId,
  /** Events by room, in the order in which they came. */
  read: z.record(z.string(), z.array(EventId)),
  undecryptable: z.array(
    z.strictObject({
      eventId: z.string(),
      roomId: z.string(),
      sender: z.string(),
      reason: z.string(),
    }),
  ),
});
export type Reading = z.infer<typeof Reading>;

const Milliseconds = z.number().positive();

/** What the process of the people can be asked: parameters and answer of each request. */
export const REQUESTS = {
  /** Starts clients and lets them accept invitations. */
  start: {
    parameters: z.strictObject({ url: z.url(), members: z.array(Member) }),
    answer: z.null(),
  },
  /** The encrypted room whose name ends with `suffix`, once the person is in it. */
  room: {
    parameters: z.strictObject({ userId: UserId, suffix: z.string(), timeout: Milliseconds }),
    answer: RoomId,
  },
  /** Says something and waits for its echo. */
  say: {
    parameters: z.strictObject({
      userId: UserId,
      roomId: RoomId,
      text: z.string(),
      inReplyTo: EventId.optional(),
      timeout: Milliseconds,
    }),
    answer: RoomMessage,
  },
  /** The first answer of somebody else to a message, as this person reads it. */
  replyTo: {
    parameters: z.strictObject({ userId: UserId, eventId: EventId, timeout: Milliseconds }),
    answer: RoomMessage,
  },
  /** Waits until this person has read a message. */
  reads: {
    parameters: z.strictObject({ userId: UserId, eventId: EventId, timeout: Milliseconds }),
    answer: RoomMessage,
  },
  /** The bytes of an attachment, in base64. */
  download: {
    parameters: z.strictObject({ userId: UserId, eventId: EventId }),
    answer: z.string(),
  },
  /** What the client warns of beside a message. */
  shield: {
    parameters: z.strictObject({ userId: UserId, eventId: EventId }),
    answer: z.string().nullable(),
  },
  readings: { parameters: z.strictObject({}), answer: z.array(Reading) },
} as const satisfies Record<string, { parameters: z.ZodType; answer: z.ZodType }>;

export type Requests = typeof REQUESTS;
export type RequestName = keyof Requests;

export const RequestEnvelope = z.strictObject({
  id: z.int(),
  name: z.string(),
  parameters: z.unknown(),
});

export const Reply = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("answer"), id: z.int(), answer: z.unknown() }),
  z.strictObject({ kind: z.literal("failure"), id: z.int(), code: z.string(), sentence: z.string() }),
  /** Somebody was the first to read a message. */
  z.strictObject({ kind: z.literal("message"), message: RoomMessage }),
]);
export type Reply = z.infer<typeof Reply>;
