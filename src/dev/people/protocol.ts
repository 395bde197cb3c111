import { z } from "zod";
import { DeviceId, EventId, RoomId, UserId } from "../../domain/ids.ts";
import { RoomMessage } from "./message.ts";

/** One person to be started: who they are, and how their client behaves. */
export const Member = z.strictObject({
  userId: UserId,
  deviceId: DeviceId,
  accessToken: z.string().min(1),
  /** Default true; false makes a device that its owner has not signed. */
  crossSigned: z.boolean().default(true),
  /** Default false; true reads nothing from, and sends no keys to, devices that are not signed. */
  onlySignedDevices: z.boolean().default(false),
  /** Least time between two syncs while nothing is waited for, in milliseconds. */
  pace: z.number().nonnegative().default(0),
  /** Default false; true joins what their spaces show and let them into. */
  joinsFromSpaces: z.boolean().default(false),
});
export type Member = z.output<typeof Member>;
/** The same with what may be left out. */
export type MemberWish = z.input<typeof Member>;

const Milliseconds = z.number().positive();
const OfPerson = { userId: UserId };
const OfEvent = { ...OfPerson, eventId: EventId };

/** What the process of the people can be asked. */
export const Request = z.discriminatedUnion("name", [
  /** Makes clients with keys and identity, which do not synchronise yet. */
  z.strictObject({ name: z.literal("start"), url: z.url(), members: z.array(Member) }),
  /** The encrypted room whose name ends with `suffix`, once the person knows its members. */
  z.strictObject({
    ...{ name: z.literal("room"), ...OfPerson },
    suffix: z.string(),
    members: z.int().positive().optional(),
    timeout: Milliseconds,
  }),
  /** Everybody synchronises and joins the rooms they are invited to, now and later. */
  z.strictObject({ name: z.literal("accept") }),
  /** Hands the keys of what the person will say next to everybody in a room. */
  z.strictObject({ name: z.literal("prepare"), ...OfPerson, roomId: RoomId }),
  /** Says something and waits for its echo. */
  z.strictObject({
    ...{ name: z.literal("say"), ...OfPerson },
    roomId: RoomId,
    text: z.string(),
    inReplyTo: EventId.optional(),
    timeout: Milliseconds,
  }),
  /** The first answer of somebody else to a message, as this person reads it. */
  z.strictObject({ name: z.literal("replyTo"), ...OfEvent, timeout: Milliseconds }),
  /** A message, once this person has read it. */
  z.strictObject({ name: z.literal("reads"), ...OfEvent, timeout: Milliseconds }),
  /** The bytes of an attachment. */
  z.strictObject({ name: z.literal("download"), ...OfEvent }),
  /** What the client warns of beside a message. */
  z.strictObject({ name: z.literal("shield"), ...OfEvent }),
  z.strictObject({ name: z.literal("readings") }),
]);
export type Request = z.output<typeof Request>;

export const RequestEnvelope = z.strictObject({ id: z.int(), request: Request });

export const Reply = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("answer"), id: z.int(), answer: z.unknown() }),
  z.strictObject({
    kind: z.literal("failure"),
    id: z.int(),
    code: z.string(),
    sentence: z.string(),
  }),
  /** Somebody was the first to read a message. */
  z.strictObject({ kind: z.literal("message"), message: RoomMessage }),
]);
export type Reply = z.input<typeof Reply>;

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
export type Reading = z.output<typeof Reading>;
