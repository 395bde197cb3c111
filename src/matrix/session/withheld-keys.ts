import { z } from "zod";
import type { WithheldKey } from "../../db/repositories/withheld-keys.ts";
import { RoomId, UserId } from "../../domain/ids.ts";
import { SessionId } from "../crypto/ciphertext.ts";

const Withheld = z.object({
  type: z.enum(["m.room_key.withheld", "org.matrix.room_key.withheld"]),
  sender: UserId,
  content: z.object({
    code: z.string().regex(/^[\x21-\x7e]{1,64}$/),
    room_id: RoomId.optional(),
    session_id: SessionId.optional(),
  }),
});

/** The to-device messages by which somebody says that we do not get a room key, and why. */
export function readWithheldKeys(toDeviceEvents: readonly unknown[]): readonly WithheldKey[] {
  return toDeviceEvents.flatMap((event) => {
    const { success, data } = Withheld.safeParse(event);
    if (!success) return [];
    const { code, room_id: roomId, session_id: sessionId } = data.content;
    return [{ sender: data.sender, roomId, sessionId, code }];
  });
}
