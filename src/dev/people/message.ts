import type { MatrixEvent } from "matrix-js-sdk";
import { z } from "zod";
import { EventId, RoomId, UserId } from "../../domain/ids.ts";

/** What an encrypted attachment needs to be read: `EncryptedFile` of the client-server specification. */
export const EncryptedFile = z.object({
  v: z.literal("v2"),
  url: z.string().startsWith("mxc://"),
  key: z.object({ alg: z.literal("A256CTR"), k: z.string().min(1) }),
  iv: z.string().min(1),
  hashes: z.object({ sha256: z.string().min(1) }),
});
export type EncryptedFile = z.infer<typeof EncryptedFile>;

/** How an event stands to another one. */
export const Relation = z.object({
  kind: z.enum(["reply", "thread", "edit", "reaction"]),
  eventId: EventId,
});
export type Relation = z.infer<typeof Relation>;

/** Something said in a room, as a person's client read it. */
export const RoomMessage = z.object({
  eventId: EventId,
  roomId: RoomId,
  sender: UserId,
  /** The homeserver's time, milliseconds since 1970. */
  sentAt: z.int(),
  kind: z.enum(["text", "notice", "file", "reaction", "other"]),
  /** The text, the file's name, or the reaction's emoji. */
  body: z.string(),
  /** False for what Matrix leaves in the clear: reactions. */
  encrypted: z.boolean(),
  relations: z.array(Relation),
  file: EncryptedFile.optional(),
});
export type RoomMessage = z.infer<typeof RoomMessage>;

const RelatesTo = z
  .object({
    rel_type: z.string().optional(),
    event_id: EventId.optional(),
    key: z.string().optional(),
    "m.in_reply_to": z.object({ event_id: EventId }).optional(),
  })
  .optional()
  .catch(undefined);

const MessageContent = z.object({
  msgtype: z.string(),
  body: z.string(),
  filename: z.string().optional(),
  file: EncryptedFile.optional(),
  "m.new_content": z.object({ body: z.string() }).optional(),
});

const KINDS: Readonly<Record<string, RoomMessage["kind"]>> = {
  "m.text": "text",
  "m.emote": "text",
  "m.notice": "notice",
  "m.file": "file",
  "m.image": "file",
};

/** A message or a reaction; undefined for every other event, for local echoes and what was redacted. */
export function readMessage(event: MatrixEvent): RoomMessage | undefined {
  if (event.status !== null || event.isRedacted() || event.isDecryptionFailure()) return undefined;
  // Relations stand outside the ciphertext.
  const relatesTo =
    RelatesTo.parse(event.getWireContent()["m.relates_to"]) ??
    RelatesTo.parse(event.getContent()["m.relates_to"]);
  const shown = readContent(event, relatesTo);
  if (shown === undefined) return undefined;
  return RoomMessage.parse({
    ...shown,
    eventId: event.getId(),
    roomId: event.getRoomId(),
    sender: event.getSender(),
    sentAt: event.getTs(),
    encrypted: event.isEncrypted(),
    relations: readRelations(relatesTo),
  });
}

type Shown = Pick<RoomMessage, "kind" | "body" | "file">;

function readContent(event: MatrixEvent, relatesTo: z.infer<typeof RelatesTo>): Shown | undefined {
  if (event.getType() === "m.reaction") {
    return relatesTo?.key === undefined ? undefined : { kind: "reaction", body: relatesTo.key };
  }
  if (event.getType() !== "m.room.message") return undefined;
  const content = MessageContent.safeParse(event.getContent()).data;
  if (content === undefined) return undefined;
  return {
    kind: KINDS[content.msgtype] ?? "other",
    body: content["m.new_content"]?.body ?? content.filename ?? content.body,
    ...(content.file === undefined ? {} : { file: content.file }),
  };
}

function readRelations(relatesTo: z.infer<typeof RelatesTo>): readonly Relation[] {
  const relations: Relation[] = [];
  const kind = RELATION_KINDS[relatesTo?.rel_type ?? ""];
  if (kind !== undefined && relatesTo?.event_id !== undefined) {
    relations.push({ kind, eventId: relatesTo.event_id });
  }
  const repliedTo = relatesTo?.["m.in_reply_to"]?.event_id;
  if (repliedTo !== undefined) relations.push({ kind: "reply", eventId: repliedTo });
  return relations;
}

const RELATION_KINDS: Readonly<Record<string, Relation["kind"]>> = {
  "m.thread": "thread",
  "m.replace": "edit",
  "m.annotation": "reaction",
};

/** Whether a message answers another one: a reply, directly or in its thread. */
export function answers(message: RoomMessage, eventId: EventId): boolean {
  if (message.kind === "reaction") return false;
  return message.relations.some(
    (relation) => relation.kind !== "edit" && relation.eventId === eventId,
  );
}
