import type { MatrixEvent } from "matrix-js-sdk";
import { z } from "zod";
import { RogatoryError } from "../../domain/errors.ts";

const Ciphertext = z.looseObject({ algorithm: z.string(), ciphertext: z.string() });

/**
 * The content of an event as it goes to the homeserver, if it is ciphertext.
 *
 * @throws RogatoryError `send.plaintext` for anything else
 */
export function requireCiphertext(
  event: Pick<MatrixEvent, "getWireType" | "getWireContent">,
): Record<string, unknown> {
  const wire = Ciphertext.safeParse(event.getWireContent());
  if (event.getWireType() !== "m.room.encrypted" || !wire.success) {
    throw new RogatoryError(
      "send.plaintext",
      "A message was not sent because it was not encrypted.",
    );
  }
  return wire.data;
}
