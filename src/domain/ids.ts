import { z } from "zod";

/** Our own identifiers are random UUIDs; each kind has its own type so that they cannot be mixed up. */
export const CaseId = z.uuid().brand<"CaseId">();
export type CaseId = z.infer<typeof CaseId>;

export const PersonId = z.uuid().brand<"PersonId">();
export type PersonId = z.infer<typeof PersonId>;

/** A room of a case as we plan it, before and after the homeserver has given it a Matrix room id. */
export const CaseRoomId = z.uuid().brand<"CaseRoomId">();
export type CaseRoomId = z.infer<typeof CaseRoomId>;

/**
 * `@localpart:server`. The part after the first colon may itself hold a port. What is refused here, no
 * other homeserver needs to have refused: neither the database nor the crypto could take it.
 */
export const UserId = z
  .string()
  .regex(/^@[^:\s\p{Cc}\p{Cs}]+:\S+$/u, "a Matrix id looks like @name:server")
  .max(255)
  .refine(hasServerName, "the part after the colon of a Matrix id is the name of a server")
  .brand<"UserId">();
export type UserId = z.infer<typeof UserId>;

/** A host name or an address, and a port where there is one ("Server name"). */
function hasServerName(userId: string): boolean {
  const name = userId.slice(userId.indexOf(":") + 1);
  return /^(?:[\da-z.-]+|\[[\d.:a-f]+\])(?::\d+)?$/i.test(name) && URL.canParse(`matrix://${name}`);
}

/** The homeserver of an account. */
export function serverOf(userId: UserId): string {
  return userId.slice(userId.indexOf(":") + 1);
}

/** `!opaque` or `!opaque:server`: since room version 12 a room id has no server part. */
export const RoomId = z
  .string()
  .regex(/^![\x21-\x7e]+$/, "a room id starts with !")
  .max(255)
  .brand<"RoomId">();
export type RoomId = z.infer<typeof RoomId>;

export const EventId = z
  .string()
  .regex(/^\$[\x21-\x7e]+$/, "an event id starts with $")
  .max(255)
  .brand<"EventId">();
export type EventId = z.infer<typeof EventId>;

/** Chosen by the client. */
export const DeviceId = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, "a device id is printable text")
  .max(255)
  .brand<"DeviceId">();
export type DeviceId = z.infer<typeof DeviceId>;

/** A fresh random identifier of the schema's type. */
export function newId<S extends z.ZodType>(schema: S): z.output<S> {
  return schema.parse(globalThis.crypto.randomUUID());
}
