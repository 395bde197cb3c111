import { z } from "zod";

/** Base64; in truth 43 characters, the Ed25519 key of the session. */
export const SessionId = z.string().regex(/^[\w+/=-]{1,64}$/);

const MegolmContent = z.object({
  algorithm: z.literal("m.megolm.v1.aes-sha2"),
  session_id: SessionId,
  ciphertext: z.string(),
});

/** The index is a 32-bit number. */
const highestIndex = 2 ** 32 - 1;

export interface MegolmMessage {
  readonly sessionId: string;
  /** Position of the message in its session: a session never uses one twice. */
  readonly index: number;
}

/**
 * Reads the session and the message index of a megolm ciphertext without decrypting it. The payload
 * is a version byte (3), then the index as a protocol-buffers varint under tag 0x08 (Megolm
 * specification, "Message format").
 *
 * @returns undefined if the content is no megolm message
 */
export function readMegolmMessage(content: unknown): MegolmMessage | undefined {
  const parsed = MegolmContent.safeParse(content);
  if (!parsed.success) return undefined;
  const bytes = Buffer.from(parsed.data.ciphertext, "base64");
  if (bytes[0] !== 3 || bytes[1] !== 0x08) return undefined;
  let index = 0;
  for (let offset = 2, scale = 1; offset < Math.min(bytes.length, 7); offset += 1, scale *= 128) {
    const byte = bytes[offset] ?? 0;
    index += (byte & 0x7f) * scale;
    if (byte >= 0x80) continue;
    return index > highestIndex ? undefined : { sessionId: parsed.data.session_id, index };
  }
  return undefined;
}
