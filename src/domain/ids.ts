import { z } from "zod";

/** Our own identifiers are random UUIDs; each kind has its own type so that they cannot be mixed up. */
export const CaseId = z.uuid().brand<"CaseId">();
export type CaseId = z.infer<typeof CaseId>;

export const PersonId = z.uuid().brand<"PersonId">();
export type PersonId = z.infer<typeof PersonId>;

/** A room of a case as we plan it, before and after the homeserver has given it a Matrix room id. */
export const CaseRoomId = z.uuid().brand<"CaseRoomId">();
export type CaseRoomId = z.infer<typeof CaseRoomId>;

/** `@localpart:server`. The part after the first colon may itself hold a port. */
export const UserId = z
  .string()
  .regex(/^@[^:\s]+:\S+$/, "a Matrix id looks like @name:server")
  .max(255)
  .brand<"UserId">();
export type UserId = z.infer<typeof UserId>;

/** The homeserver of an account. */
export function serverOf(userId: UserId): string {
  return userId.slice(userId.indexOf(":") + 1);
}

/** `!opaque` or `!opaque:server`: since room version 12 a room id has no server part. */
export const RoomId = z
  .string()
  .regex(/^!\S+$/, "a room id starts with !")
  .max(255)
  .brand<"RoomId">();
export type RoomId = z.infer<typeof RoomId>;

export const EventId = z
  .string()
  .regex(/^\$\S+$/, "an event id starts with $")
  .max(255)
  .brand<"EventId">();
export type EventId = z.infer<typeof EventId>;

export const DeviceId = z.string().min(1).max(255).brand<"DeviceId">();
export type DeviceId = z.infer<typeof DeviceId>;

/** A fresh random identifier of the schema's type. */
export function newId<S extends z.ZodType>(schema: S): z.output<S> {
  return schema.parse(globalThis.crypto.randomUUID());
}
