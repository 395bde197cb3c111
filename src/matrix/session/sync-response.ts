import { z } from "zod";
import { EventId, RoomId, UserId } from "../../domain/ids.ts";

const Content = z.record(z.string(), z.unknown());

/** Types and state keys: PostgreSQL takes no NUL, and two lone surrogates would become the same text. */
const WireText = z
  .string()
  .max(255)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u);

/** A place in the stream of events, as the homeserver names it. */
const Token = z
  .string()
  .max(4096)
  .regex(/^[\x21-\x7e]+$/);

/** Milliseconds up to the year 9999, the last that our instants as text can hold. */
const Timestamp = z.int().min(0).max(253_402_300_799_999);

/** A timeline or state event, as far as it is used. Unknown fields are kept for the inbox. */
export const RoomEvent = z.looseObject({
  event_id: EventId,
  sender: UserId,
  type: WireText,
  state_key: WireText.optional(),
  content: Content,
  origin_server_ts: Timestamp,
});
export type RoomEvent = z.infer<typeof RoomEvent>;

const StrippedEvent = z.looseObject({
  sender: UserId,
  type: WireText,
  state_key: WireText,
  content: Content,
});
export type StrippedEvent = z.infer<typeof StrippedEvent>;

const ToDeviceEvent = z.looseObject({ sender: UserId, type: z.string(), content: Content });
export type ToDeviceEvent = z.infer<typeof ToDeviceEvent>;

export interface JoinedRoom {
  readonly state: { readonly events: readonly RoomEvent[] };
  readonly timeline: {
    readonly events: readonly RoomEvent[];
    readonly limited: boolean;
    readonly prev_batch: string | undefined;
  };
}

/** Response of `GET /sync` (client-server API, "Syncing"), as far as it is used. */
export interface SyncResponse {
  readonly next_batch: string;
  readonly rooms: {
    readonly join: ReadonlyMap<RoomId, JoinedRoom>;
    readonly invite: ReadonlyMap<RoomId, readonly StrippedEvent[]>;
    readonly leave: ReadonlyMap<RoomId, JoinedRoom>;
  };
  readonly to_device: { readonly events: readonly ToDeviceEvent[] };
  readonly device_lists: {
    readonly changed: readonly UserId[];
    readonly left: readonly UserId[];
  };
  readonly device_one_time_keys_count: Readonly<Record<string, number>> | undefined;
  readonly device_unused_fallback_key_types: readonly string[] | undefined;
  /** Parts that were left out because they are not of the form that the specification gives them. */
  readonly malformed: number;
}

/**
 * Reads a response part by part. Much of it is what strangers have written, and homeservers do not
 * hold each other to the specification: what is malformed is left out and counted, and the rest
 * counts. This is the border: whatever comes out can be written into the database.
 *
 * @returns undefined if it is no response to a sync
 */
export function readSyncResponse(json: unknown): SyncResponse | undefined {
  const reading = new Reading();
  const response = Content.safeParse(json).data ?? {};
  const next = Token.safeParse(response.next_batch).data;
  if (next === undefined) return undefined;
  const rooms = reading.object(response.rooms);
  const deviceLists = reading.object(response.device_lists);
  const counts = response.device_one_time_keys_count;
  const fallback = response.device_unused_fallback_key_types;
  return {
    next_batch: next,
    rooms: {
      join: reading.rooms(rooms.join, (room) => reading.joined(room)),
      invite: reading.rooms(rooms.invite, (room) =>
        reading.each(StrippedEvent, reading.object(room.invite_state).events),
      ),
      leave: reading.rooms(rooms.leave, (room) => reading.joined(room)),
    },
    to_device: { events: reading.each(ToDeviceEvent, reading.object(response.to_device).events) },
    device_lists: {
      changed: reading.each(UserId, deviceLists.changed),
      left: reading.each(UserId, deviceLists.left),
    },
    device_one_time_keys_count:
      counts === undefined ? undefined : reading.values(z.int().min(0), counts),
    device_unused_fallback_key_types:
      fallback === undefined ? undefined : reading.each(z.string(), fallback),
    malformed: reading.malformed,
  };
}

export interface MessagesPage {
  readonly events: readonly RoomEvent[];
  /** Where the next page begins; undefined after the last one. */
  readonly end: string | undefined;
  readonly malformed: number;
}

/**
 * Response of `GET /rooms/{roomId}/messages`.
 *
 * @returns undefined if it is none
 */
export function readMessagesPage(json: unknown): MessagesPage | undefined {
  const page = z.object({ chunk: z.array(z.unknown()), end: Token.optional() }).safeParse(json);
  if (!page.success) return undefined;
  const reading = new Reading();
  const events = reading.each(RoomEvent, page.data.chunk);
  return { events, end: page.data.end, malformed: reading.malformed };
}

/** Response of `GET /rooms/{roomId}/state`, as far as it is well-formed. */
export function readStateEvents(json: unknown): readonly RoomEvent[] {
  return new Reading().each(RoomEvent, json);
}

/** Takes what is well-formed, and counts the rest. */
class Reading {
  malformed = 0;

  #take<S extends z.ZodType>(schema: S, value: unknown): readonly z.output<S>[] {
    const { success, data } = schema.safeParse(value);
    if (success) return [data];
    this.malformed += 1;
    return [];
  }

  /** The well-formed ones; none where there is no list. */
  each<S extends z.ZodType>(schema: S, list: unknown): z.output<S>[] {
    return this.#take(z.array(z.unknown()).optional(), list).flatMap((values = []) =>
      values.flatMap((value) => this.#take(schema, value)),
    );
  }

  object(value: unknown): Readonly<Record<string, unknown>> {
    return this.#take(Content.optional(), value)[0] ?? {};
  }

  values<S extends z.ZodType>(schema: S, value: unknown): Record<string, z.output<S>> {
    return Object.fromEntries(
      Object.entries(this.object(value)).flatMap(([key, inner]) =>
        this.#take(schema, inner).map((taken) => [key, taken]),
      ),
    );
  }

  rooms<T>(
    value: unknown,
    read: (room: Readonly<Record<string, unknown>>) => T,
  ): ReadonlyMap<RoomId, T> {
    return new Map(
      Object.entries(this.object(value)).flatMap(([id, room]) =>
        this.#take(RoomId, id).map((roomId) => [roomId, read(this.object(room))] as const),
      ),
    );
  }

  joined(room: Readonly<Record<string, unknown>>): JoinedRoom {
    const timeline = this.object(room.timeline);
    return {
      state: { events: this.each(RoomEvent, this.object(room.state).events) },
      timeline: {
        events: this.each(RoomEvent, timeline.events),
        limited: timeline.limited === true,
        prev_batch: Token.safeParse(timeline.prev_batch).data,
      },
    };
  }
}
