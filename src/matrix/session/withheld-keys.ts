import { z } from "zod";
import type { WithheldKey } from "../../db/repositories/withheld-keys.ts";

const Withheld = z.object({
  type: z.enum(["m.room_key.withheld", "org.matrix.room_key.withheld"]),
  sender: z.string().max(255),
  content: z.object({
    code: z.string().max(255),
    room_id: z.string().max(255).optional(),
    session_id: z.string().max(255).optional(),
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
