import { RogatoryError } from "../domain/errors.ts";
import type { Trust } from "../matrix/crypto/trust.ts";

/** Why it is not certain who has said something. */
export type Doubt = "unsigned-device" | "from-backup" | "changed-identity" | "uncertain-sender";

/**
 * Whether a message can be relied on, by what the crypto says of its sender's device.
 *
 * Without `requireSignedDevices` one doubt is accepted: the device is the sender's, as far as the
 * homeserver says, and its owner has not signed it. No other belongs to an honest unsigned device: of
 * a deleted one, of a key that somebody else has handed on, of an identity that was exchanged and of a
 * message that bears another sender's name nobody knows who has written it.
 *
 * @returns undefined if it can
 */
export function doubtOf(trust: Trust, requireSignedDevices: boolean): Doubt | undefined {
  if (trust.kind === "signed") return undefined;
  switch (trust.reason) {
    case "UNSIGNED_DEVICE":
      return requireSignedDevices ? "unsigned-device" : undefined;
    case "UNKNOWN_DEVICE":
      return "unsigned-device";
    case "AUTHENTICITY_NOT_GUARANTEED":
      return "from-backup";
    case "VERIFICATION_VIOLATION":
      return "changed-identity";
    default:
      return "uncertain-sender";
  }
}

/** Whether an event was encrypted by somebody else than the sender whose name it bears. */
export function isForged(trust: Trust): boolean {
  return trust.kind === "doubtful" && trust.reason === "MISMATCHED_SENDER";
}

const refusals: Readonly<Record<Doubt, readonly [code: string, sentence: string]>> = {
  "unsigned-device": [
    "command.unsigned-device",
    "This command was not carried out, because your device is not verified by you. Verify it in your client's settings (Sessions, or Encryption), then send the command again.",
  ],
  "from-backup": [
    "command.from-backup",
    "This command was not carried out: I could read it only after my keys had been restored, and then it is not certain who sent it. Please send it again.",
  ],
  "changed-identity": [
    "command.changed-identity",
    "This command was not carried out, because your identity is no longer the one that an operator has compared with you. Ask the operators to compare it again, then send the command again.",
  ],
  "uncertain-sender": [
    "command.uncertain-sender",
    "This command was not carried out, because it is not certain that it comes from you. Please send it again; if this stays so, tell the operators.",
  ],
};

/** @throws RogatoryError if it is not certain who has said it */
export function refuseDoubtful({ doubt }: { readonly doubt: Doubt | undefined }): void {
  if (doubt !== undefined) throw new RogatoryError(...refusals[doubt]);
}
