import { z } from "zod";
import { RoomId, UserId } from "../../domain/ids.ts";

/**
 * What matrix-js-sdk takes for granted of a to-device message after the crypto has handled it, whether
 * it came in clear text or was decrypted. A number instead of a text makes its WebAssembly panic.
 */
const Expected = z.looseObject({
  type: z.string(),
  sender: UserId,
  content: z.looseObject({
    transaction_id: z.string().optional(),
    room_id: RoomId.optional(),
  }),
});

const Processed = z.object({ rawEvent: z.string() });

/** Whether a message that the crypto has handled may go on to what else listens to it. */
function isExpected(message: unknown): boolean {
  const raw = Processed.safeParse(message).data?.rawEvent;
  if (raw === undefined) return false;
  try {
    return Expected.safeParse(JSON.parse(raw)).success;
  } catch {
    return false;
  }
}

interface Machine {
  receiveSyncChanges(...changes: readonly unknown[]): Promise<readonly unknown[]>;
}

/** Lets only well-formed messages out of the crypto; what it took in of the others, it has judged itself. */
export function guardToDevice(machine: Machine): void {
  const receive = machine.receiveSyncChanges.bind(machine);
  machine.receiveSyncChanges = async (...changes) => (await receive(...changes)).filter(isExpected);
}
